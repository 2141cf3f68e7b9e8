// The crop of the query picture as a box on it: drawn, moved and pulled by its corners with a pointer, moved
// with arrows and grown with Shift and arrows.  The numbers of the form stay what is sent.

import { onShown } from "./asking.js";

const EDGES = ["left", "top", "right", "bottom"];
const LEAST = 5; // percent of a side
const PAUSE_MS = 600; // after the last key, before it is asked
const field = (edge) => document.querySelector(`#crop-${edge}`);
const clamp = (value, low = 0, high = 100) => Math.min(high, Math.max(low, value));
const whole = (box) => box.left <= 0 && box.top <= 0 && box.right >= 100 && box.bottom >= 100;

onShown(() => {
  const ground = document.querySelector("#crop");
  if (!ground || ground.querySelector(".crop-box")) return;
  const frame = document.createElement("div");
  frame.className = "crop-box";
  frame.id = "crop-box";
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  frame.setAttribute("aria-label", "Part of the picture to look for");
  frame.setAttribute("aria-describedby", "crop-hint");
  for (const corner of ["left top", "right top", "left bottom", "right bottom"]) {
    const handle = document.createElement("span");
    handle.className = "handle";
    handle.dataset.corner = corner;
    frame.append(handle);
  }
  ground.append(frame);

  let box = Object.fromEntries(EDGES.map((edge) => [edge, Number(field(edge).value)]));
  const put = (next) => {
    box = next;
    for (const edge of EDGES) field(edge).value = Math.round(box[edge] * 10) / 10;
    Object.assign(frame.style, {
      left: `${box.left}%`, top: `${box.top}%`,
      width: `${box.right - box.left}%`, height: `${box.bottom - box.top}%`,
    });
    frame.classList.toggle("whole", whole(box));
  };
  put(box);
  const send = () => document.querySelector("#ask").requestSubmit();
  const moved = (from, across, down) => {
    const x = clamp(across, -from.left, 100 - from.right);
    const y = clamp(down, -from.top, 100 - from.bottom);
    return { left: from.left + x, right: from.right + x, top: from.top + y, bottom: from.bottom + y };
  };

  ground.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    frame.focus({ preventScroll: true });
    ground.setPointerCapture(event.pointerId);
    const area = ground.getBoundingClientRect();
    const at = (one) => [
      clamp((100 * (one.clientX - area.left)) / area.width),
      clamp((100 * (one.clientY - area.top)) / area.height),
    ];
    const [x, y] = at(event);
    const before = box;
    const corner = event.target.dataset?.corner?.split(" ");
    const inside = event.target === frame && !whole(box);
    const fixed = corner
      ? [corner[0] === "left" ? box.right : box.left, corner[1] === "top" ? box.bottom : box.top]
      : [x, y];
    const pull = (one) => {
      const [here, there] = at(one);
      if (inside) put(moved(before, here - x, there - y));
      else {
        put({
          left: Math.min(fixed[0], here), right: Math.max(fixed[0], here),
          top: Math.min(fixed[1], there), bottom: Math.max(fixed[1], there),
        });
      }
    };
    const end = () => {
      ground.removeEventListener("pointermove", pull);
      const small = box.right - box.left < LEAST || box.bottom - box.top < LEAST;
      if (small) put(before);
      else if (EDGES.some((edge) => box[edge] !== before[edge])) send();
    };
    ground.addEventListener("pointermove", pull);
    ground.addEventListener("pointerup", end, { once: true });
    ground.addEventListener("pointercancel", () => {
      ground.removeEventListener("pointermove", pull);
      ground.removeEventListener("pointerup", end);
      put(before);
    }, { once: true });
  });

  let pause = 0;
  frame.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2] }[event.key];
    if (event.key === "Escape") put({ left: 0, top: 0, right: 100, bottom: 100 });
    else if (!step) return;
    else if (event.shiftKey) {
      put({
        ...box,
        right: clamp(box.right + step[0], box.left + LEAST),
        bottom: clamp(box.bottom + step[1], box.top + LEAST),
      });
    } else if (whole(box)) put({ left: 20, top: 20, right: 80, bottom: 80 });
    else put(moved(box, ...step));
    event.preventDefault();
    clearTimeout(pause);
    pause = setTimeout(send, PAUSE_MS);
  });
});
