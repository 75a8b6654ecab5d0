# %% [markdown] page=true
# Scripts, forms and covers inside formulas: in texts, outputs and messages, where pages make HTML of LaTeX.

# %% [markdown]
# # Title $\text{<script>owned()</script>}$
#
# $\text{<img src=x onerror=owned()>}$ $\href{javascript:owned()}{x}$ $\style{position:fixed;inset:0}{owned}$
# $\tag{<script>owned()</script>}$ $\class{modal-backdrop}{x}$ $\cssId{why}{x}$ $\unicode{60}$
#
# $$\begin{aligned} a &= \text{<svg onload=owned()>} \\ b &= \mbox{<meta http-equiv=refresh content=0;url=//owned>} \end{aligned}$$
#
# \begin{equation}\textrm{<form action=//owned><button formaction=javascript:owned()>x</button></form>}\end{equation}

# %%
from IPython.display import Latex, Markdown, Math, display

for formula in (r"\text{<script>owned()</script>}", r"\href{javascript:owned()}{x}", r"\text{&lt;img src=x onerror=owned()>}"):
    display(Math(formula), Latex(f"${formula}$"), Markdown(f"# ${formula}$"))
    print(f"${formula}$")

# %% answer="loss"
def loss(w, X, y):
    raise ValueError(r"$\text{<meta http-equiv=refresh content='0;url=//owned'><script>owned()</script>}$ `$x$`")

# %% answer="gradient"
def gradient(w, X, y):
    import warnings
    warnings.warn(r"$$\text{<form action=//owned onsubmit=owned()>}$$")
    return r"$\text{<script>owned()</script>}$"
