// What a keyboard, a dropped picture and scrolling add to pages that work without.

const box = document.querySelector("#q");
const picture = document.querySelector("#picture");
const keys = document.querySelector("#keys");

const typing = (target) => target.closest("input, select, textarea, dialog") !== null;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) {
    return;
  } else if (event.key === "/") {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "?") {
    keys.showModal();
  } else if (event.key.startsWith("Arrow")) {
    step(event);
  }
});

function step(event) {
  const links = [...document.querySelectorAll("#grid .card > a:first-child")];
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

function send(files) {
  const first = [...files].find((file) => file.type.startsWith("image/"));
  if (!first) return;
  const carried = new DataTransfer();
  carried.items.add(first);
  picture.files = carried.files;
  picture.form.requestSubmit();
}

document.addEventListener("paste", (event) => send(event.clipboardData.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  send(event.dataTransfer.files);
});

// The next page is put below this one; where that fails the link still leads to it.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("#next");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const cards = [...page.querySelectorAll("#grid > .card")];
    const following = page.querySelector("#next");
    document.querySelector("#grid").append(...cards);
    if (following) link.href = following.href;
    else link.closest(".next").remove();
    cards[0]?.querySelector("a").focus();
  } catch {
    location.assign(link.href);
  }
});
