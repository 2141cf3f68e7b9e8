// The keyboard: to the box, from piece to piece, more and less like one, and the sheet that says so.

const typing = (target) => target.closest("input, select, textarea, dialog, [role=application]") !== null;
const sheet = document.querySelector("#keys");

function toBox(event) {
  event.preventDefault();
  const box = document.querySelector("#q");
  box.focus();
  box.select();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") toBox(event);
  else if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  else if (event.key === "/") toBox(event);
  else if (event.key === "?") sheet.showModal();
  else if (event.key === "+" || event.key === "=") refine(event, ".more");
  else if (event.key === "-") refine(event, ".less");
  else if (event.key.startsWith("Arrow")) step(event);
});

function refine(event, way) {
  const act = event.target.closest(".card")?.querySelector(way);
  if (!act) return;
  event.preventDefault();
  act.click();
}

function step(event) {
  const links = [...document.querySelectorAll("#grid .card > .open")];
  const here = links.indexOf(document.activeElement);
  if (here < 0) return;
  const top = links[0].getBoundingClientRect().top;
  const columns = Math.max(1, links.findIndex((link) => link.getBoundingClientRect().top > top + 1));
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
  const next = links[here + by];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

document.addEventListener("click", ({ target }) => {
  const opens = target.closest("[data-opens]")?.dataset.opens;
  if (opens) document.getElementById(opens).showModal();
});
