"""What an answer may have done: small changes of code by rule, each with the idea behind it.

Made to the solution they are what students may have got wrong; made to a student's own answer they may mend it.
"""
