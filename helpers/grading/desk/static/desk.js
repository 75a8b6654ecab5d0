"use strict";
// The desk's page. What students wrote is set as text, never as HTML; the mark scheme is the author's own.
const $ = (id) => document.getElementById(id);
const base = location.pathname.replace(/[^/]*$/, "");
let shown = null, current = 0, levels = [], edited = false, last = [], sample = null, alone = new Set();

function cookie(name) {
  const found = document.cookie.split("; ").find((one) => one.startsWith(name + "="));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

async function ask(path, content) {
  const how = content === undefined ? {} : {
    method: "POST", body: JSON.stringify(content),
    headers: {"Content-Type": "application/json", "X-Desk": "1", "X-XSRFToken": cookie("_xsrf")}};
  const answer = await fetch(base + "api/" + path, {credentials: "same-origin", ...how});
  const found = await answer.json().catch(() => ({error: "the desk does not answer: is `coursekit desk` running?"}));
  if (!answer.ok) { say(found.error || "the desk says " + answer.status); throw new Error(found.error); }
  return found;
}

function say(text) { $("said").textContent = text; }
function element(kind, text, name) {
  const made = document.createElement(kind);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}
function number(value) { return String(Math.round(value * 100) / 100); }

// Which groups are on the page, and which one is at hand

function groups() {
  if (sample) return sample.keys.map((key) => [key]);
  const waits = (key) => shown.answers[key].waits;
  return shown.groups.filter((group) => !$("open").checked || group.some(waits) || group.some((key) => alone.has(key)));
}
function waiting(group) {
  const open = group.filter((key) => shown.answers[key].waits);
  return open.length ? open : group;
}

async function overview() {
  const found = await ask("overview");
  const chosen = $("questions").value;
  $("questions").replaceChildren(...found.questions.map((one) => {
    const option = element("option", `${one.look ? "To look at: " : ""}${one.title} (${one.answers - one.waiting} of ${one.answers})`);
    option.value = one.id;
    return option;
  }));
  if (chosen) $("questions").value = chosen;
  const one = found.questions.find((question) => question.id === $("questions").value);
  if (one) {
    const by = Object.entries(one.by).map(([who, count]) => `${who} ${count}`).join(", ");
    $("progress").textContent = `${one.answers - one.waiting} of ${one.answers} marked${by ? " (" + by + ")" : ""}`;
    $("bar").max = one.answers; $("bar").value = one.answers - one.waiting;
  }
  $("asked").hidden = !found.requests.length;
  $("asked").firstElementChild.textContent = `Asked to look again: ${found.requests.length}`;
  $("asked").lastElementChild.replaceChildren(...found.requests.map((request) => {
    const box = element("div");
    box.append(element("strong", request.subject || request.file), element("div", request.sender, "soft"),
               element("pre", request.text, "answer"));
    return box;
  }));
}

async function load(id, keep) {
  const at = keep && groups()[current] ? groups()[current][0] : null;
  shown = await ask(`question?id=${encodeURIComponent(id)}&names=${$("names").checked ? 1 : 0}`);
  document.title = `Desk: ${shown.title}`;
  $("title").textContent = shown.title;
  for (const [place, text] of [["prompt", shown.prompt], ["text", shown.scheme], ["model", shown.model]])
    $(place).innerHTML = text;
  $("of").textContent = number(shown.points); $("points").max = shown.points;
  current = Math.max(0, at ? groups().findIndex((group) => group.includes(at)) : 0);
  begin();
}

function begin() {
  const group = groups()[current], first = group && !sample ? shown.answers[group[0]] : null;
  levels = shown.items.map((_, i) => first && !first.waits && first.items[i] ? first.items[i] : 0);
  edited = Boolean(first && first.comment);
  $("comment").value = first ? first.comment : "";
  // A check's mark stands unless the grader changes it.
  draw(first && first.points !== null && (shown.look || !first.waits) ? first.points : undefined);
  const box = document.querySelector('[aria-current="true"]');
  if (box) box.scrollIntoView({block: "nearest"});
}

function draw(points) {
  $("items").replaceChildren(...shown.items.map((item, i) => {
    const button = element("button", undefined, "item");
    button.setAttribute("aria-pressed", levels[i] === 1 ? "true" : levels[i] ? "mixed" : "false");
    button.append(element("span", `${i + 1}  ${number(levels[i] * item.points)}/${number(item.points)}`), element("span", item.text));
    button.onclick = () => toggle(i);
    return button;
  }));
  $("points").value = points === undefined ? number(total()) : number(points);
  if (!edited) $("comment").value = comment();
  list();
}
function total() {
  return Math.min(shown.points, shown.items.reduce((sum, item, i) => sum + levels[i] * item.points, 0));
}
function comment() {
  if (!levels.some((level) => level)) return "";
  return shown.items.map((item, i) => levels[i] === 1 ? "" :
    `${number(levels[i] * item.points)} of ${number(item.points)}: ${item.short}`).filter(Boolean).join("\n");
}

function list() {
  $("groups").replaceChildren(...groups().map((group, i) => {
    const box = element("div", undefined, "group"), head = element("h2"), open = group.filter((key) => shown.answers[key].waits);
    if (i === current) box.setAttribute("aria-current", "true");
    if (!open.length && !sample) box.classList.add("done");
    head.append(element("span", group.length === 1 ? "One answer" : `${group.length} answers alike`));
    const marks = [...new Set(group.map((key) => shown.answers[key]).filter((one) => !one.waits && one.points !== null)
      .map((one) => `${number(one.points)}${one.by ? " by " + one.by : ""}`))];
    if (marks.length && !sample) head.append(element("span", marks.join(", "), "mark"));
    box.append(head);
    const texts = new Map();
    for (const key of group) {
      const text = shown.answers[key].text, names = shown.answers[key].name;
      texts.set(text, [...(texts.get(text) || []), names].filter(Boolean));
    }
    for (const [text, names] of texts) {
      if (names.length) box.append(element("div", names.join(", "), "soft"));
      box.append(element("pre", text || "(nothing)", "answer"));
    }
    box.onclick = () => { if (current !== i) { current = i; begin(); } };
    return box;
  }));
  if (!groups().length) $("groups").replaceChildren(element("p", sample ? "No more of the sample." : "Nothing waits here."));
}

// What a grader does

function toggle(i) {
  levels[i] = levels[i] === 0 ? 1 : levels[i] === 1 ? 0.5 : 0;
  draw();
}

async function save() {
  const group = groups()[current], id = shown.id;
  if (!group) return;
  const points = Number($("points").value);
  if (sample) {
    sample = await ask("second", {id, key: group[0], points, items: levels});
    differences(); current = 0; begin();
    return;
  }
  const seen = Object.fromEntries(waiting(group).map((key) => [key, shown.answers[key].version]));
  const done = await ask("mark", {id, seen, points, comment: $("comment").value, items: levels});
  if (done.marked.length) last.push(done.batch);
  $("undo").disabled = !last.length;
  const others = Object.values(done.conflicts);
  say(others.length ? `${others.length} had been marked meanwhile (${[...new Set(others)].join(", ")}): they stay as they are.` : "");
  for (const key of done.marked) alone.delete(key);
  const before = current, stays = !$("open").checked;
  await load(id);
  current = Math.min(stays ? before + 1 : before, Math.max(0, groups().length - 1));
  begin();
  overview();
}

async function undo() {
  const batch = last.pop();
  if (!batch) return;
  const done = await ask("undo", {batch}), conflicts = Object.keys(done.conflicts).length;
  $("undo").disabled = !last.length;
  await load(shown.id);
  current = Math.max(0, groups().findIndex((group) => group.includes(done.undone[0])));
  begin();
  say(`Undone for ${done.undone.length}${conflicts ? `; ${conflicts} had been changed since and stay` : ""}.`);
  overview();
}

async function split() {
  const group = groups()[current];
  if (!group || sample) return;
  if (group.length > 1) {
    await ask("split", {id: shown.id, keys: group});
    apart = group;
  } else if (apart.includes(group[0])) {
    await ask("split", {id: shown.id, keys: apart, together: true});
    apart = [];
  } else return;
  await load(shown.id, true);
}
let apart = [];

async function opinion() {
  if (sample) { sample = null; $("opinion").textContent = "Second opinion"; await load(shown.id); differences(); return; }
  sample = await ask(`sample?id=${encodeURIComponent(shown.id)}`);
  if (!sample.keys.length && !sample.compared) { sample = null; say("Nobody else has marked this question."); return; }
  $("opinion").textContent = "Back to marking";
  current = 0; differences(); begin();
}
function differences() {
  $("differ").hidden = !sample;
  if (!sample) return;
  $("differ").open = true;
  $("differ").firstElementChild.textContent = `${sample.compared} compared, ${sample.differ.length} differ`;
  $("differ").lastElementChild.replaceChildren(...sample.differ.map((one) => element("li",
    `${number(one.mark)} by ${one.by || "the checks"}, ${number(one.second)} by ${one.of}: ` +
    (shown.answers[one.key] ? shown.answers[one.key].text.slice(0, 120) : ""))));
}

function move(by) {
  const count = groups().length;
  if (count) { current = (current + by + count) % count; begin(); }
}

document.addEventListener("keydown", (event) => {
  const writing = ["TEXTAREA", "INPUT", "SELECT"].includes(event.target.tagName) && event.target.type !== "checkbox";
  if (event.key === "Escape") { event.target.blur(); return; }
  if (["BUTTON", "SUMMARY"].includes(event.target.tagName) && ["Enter", " "].includes(event.key)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !shown) return;
  if (writing && !(event.key === "Enter" && event.target.id === "points")) return;
  const acts = {Enter: save, j: () => move(1), k: () => move(-1), u: undo, x: split, c: () => $("comment").focus(),
    p: () => { $("points").focus(); $("points").select(); }, "?": () => $("help").click(),
    f: () => { levels = levels.map(() => 1); draw(); }, 0: () => { levels = levels.map(() => 0); draw(); }};
  if (/^[1-9]$/.test(event.key)) { if (levels[event.key - 1] !== undefined) toggle(event.key - 1); }
  else if (acts[event.key]) once(acts[event.key]);
  else return;
  event.preventDefault();
});
let busy = false;  // a second Enter while the first is under way marks nothing
async function once(act) {
  if (busy) return;
  busy = true;
  try { await act(); } catch (error) { /* said on the page */ } finally { busy = false; }
}

$("comment").oninput = () => { edited = true; };
$("save").onclick = () => once(save);
$("undo").onclick = () => once(undo);
$("opinion").onclick = () => once(opinion);
$("open").onchange = () => { current = 0; begin(); };
$("names").onchange = () => load(shown.id, true);
$("questions").onchange = () => { sample = null; alone.clear(); $("questions").blur(); load($("questions").value); overview(); };
$("help").onclick = () => { $("keys").hidden = !$("keys").hidden; $("help").setAttribute("aria-expanded", String(!$("keys").hidden)); };
setInterval(() => { if (shown && !busy && !document.hidden) overview(); }, 5000);
overview().then(() => load($("questions").value)).then(overview);
