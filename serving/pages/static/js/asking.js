// A change of the question asks at once, and swaps what it changes.  The address holds the question, back and
// forward lead through questions, and each history entry keeps its place: what was added to its grid, how far
// it was scrolled, and, since a picture stands in no address, the form that asked by one.

const ADDRESSES = ["/", "/look"];
let current = location.pathname + location.search;
let flight = null;

export const onShown = (work) => {
  document.addEventListener("shown", work);
  work();
};
export const shown = () => document.dispatchEvent(new Event("shown"));
export const say = (text) => { document.querySelector("#said").textContent = text; };
export const remember = (more) => history.replaceState({ ...history.state, ...more }, "");

export async function read(address, options) {
  const answer = await fetch(address, { ...options, headers: { accept: "text/html" } });
  if (!answer.headers.get("content-type")?.startsWith("text/html")) throw new Error(answer.statusText);
  return [new DOMParser().parseFromString(await answer.text(), "text/html"), answer.url];
}

function request(form, submitter) {
  const data = new FormData(form, submitter);
  if (form.method === "post") return [form.action, { method: "POST", body: data }];
  const address = new URL(form.action);
  for (const [name, value] of data) if (value.trim()) address.searchParams.append(name, value);
  return [address, {}];
}

async function ask(form, submitter) {
  flight?.abort();
  flight = new AbortController();
  const main = document.querySelector("#main");
  main.setAttribute("aria-busy", "true");
  try {
    const [address, options] = request(form, submitter);
    const [page, answered] = await read(address, { ...options, signal: flight.signal });
    remember({ y: scrollY });
    show(page);
    const posted = formSent();
    const here = posted ? "/look" : answered;
    history[here === location.href ? "replaceState" : "pushState"](posted ? { posted } : {}, "", here);
    current = location.pathname + location.search;
    if (submitter) scrollTo(0, 0);
  } catch (error) {
    if (error.name === "AbortError") return;
    main.removeAttribute("aria-busy");
    form.submit();
  }
}

// The fields of a page that asked by a picture, to be sent again when it is come back to.
function formSent() {
  const form = document.querySelector("#ask");
  return form.method === "post" ? [...new FormData(form)] : null;
}

function show(page) {
  const focused = document.activeElement?.id;
  const open = new Map([...document.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  for (const id of ["top", "main"]) document.getElementById(id).replaceWith(page.getElementById(id));
  document.title = page.title;
  for (const [id, was] of open) {
    const one = document.getElementById(id);
    if (one) one.open = was;
  }
  shown();
  const held = focused ? document.getElementById(focused) : null;
  (held ?? document.querySelector("#main")).focus({ preventScroll: true });
  say((document.querySelector(".status") ?? document.querySelector("h1")).textContent);
}

async function comeBack() {
  const { posted, added, next, y } = history.state ?? {};
  if (posted) {
    const body = new FormData();
    for (const [name, value] of posted) body.append(name, value);
    show((await read("/look", { method: "POST", body }))[0]);
  } else if (current !== location.pathname + location.search) {
    show((await read(location.href))[0]);
  }
  current = location.pathname + location.search;
  if (added) document.dispatchEvent(new CustomEvent("come-back", { detail: { added, next } }));
  scrollTo(0, y ?? 0);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "ask" && form.id !== "look") return;
  event.preventDefault();
  ask(form, event.submitter);
});
document.addEventListener("change", ({ target }) => {
  if (target.form?.id === "ask" && target.name !== "q") ask(target.form);
});

addEventListener("popstate", () => {
  if (!ADDRESSES.includes(location.pathname) || current === location.pathname + location.search) return;
  comeBack().catch(() => location.reload());
});

if (ADDRESSES.includes(location.pathname)) {
  history.scrollRestoration = "manual";
  const kind = performance.getEntriesByType("navigation")[0]?.type;
  // The modules that listen are loaded after this one.
  if (kind === "back_forward" || history.state?.posted) addEventListener("DOMContentLoaded", () => comeBack());
  else if (history.state) remember({ added: undefined, next: undefined, y: 0 });
  let waiting = 0;
  addEventListener("scroll", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => remember({ y: scrollY }), 150);
  }, { passive: true });
  addEventListener("pagehide", () => remember({ y: scrollY }));
}
