// The next pieces are put below these when their end comes near; after some pages a press is asked for, so
// that what stands below the grid can be reached.

import { onShown, read, remember, say, shown } from "./asking.js";

const UNASKED_PAGES = 4;
let left = UNASKED_PAGES;
let pressed = false; // then the focus goes to the first new piece
const near = new IntersectionObserver((seen) => {
  if (left > 0 && seen.some((one) => one.isIntersecting)) {
    left -= 1;
    more(document.querySelector("#next"));
  }
}, { rootMargin: "600px" });

async function more(link) {
  if (!link || link.ariaBusy) return;
  link.ariaBusy = "true";
  try {
    const [page] = await read(link.href);
    const cards = [...page.querySelectorAll("#grid > .card")];
    if (!cards.length) throw new Error("no pieces");
    const next = page.querySelector("#next")?.href ?? null;
    const html = cards.map((card) => card.outerHTML).join("");
    remember({ added: (history.state?.added ?? "") + html, next });
    const first = document.querySelectorAll("#grid > .card").length;
    add(html, next);
    say(`${cards.length} more pieces`);
    if (pressed) document.querySelectorAll("#grid > .card .open")[first].focus();
    pressed = false;
  } catch {
    if (pressed) location.assign(link.href);
    else link.ariaBusy = null; // the link still leads on
  }
}

function add(html, next) {
  document.querySelector("#grid").insertAdjacentHTML("beforeend", html);
  const link = document.querySelector("#next");
  if (next) {
    link.href = next;
    link.ariaBusy = null;
    near.unobserve(link); // so that it is looked at anew
    near.observe(link);
  } else {
    link?.closest(".next").remove();
  }
  shown();
}

document.addEventListener("come-back", ({ detail: { added, next } }) => add(added, next));
document.addEventListener("click", (event) => {
  const link = event.target.closest("#next");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  left = UNASKED_PAGES;
  pressed = true; // also where the next pieces are on their way already
  more(link);
});

let watched = null;
onShown(() => {
  const link = document.querySelector("#next");
  if (link && link !== watched) {
    left = UNASKED_PAGES;
    near.disconnect();
    near.observe(link);
  }
  watched = link;
});
