// Frames taken all round a piece become one picture that is turned: by dragging, or by the slider's keys.

const figure = document.querySelector("#turn");
if (figure) {
  const frames = [...figure.querySelectorAll(".frames li")];
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 0, max: frames.length - 1, step: 1, value: 0, id: "turned" });
  slider.setAttribute("aria-label", "Turn the piece");
  figure.append(slider);
  figure.classList.add("turns");

  const turn = (to) => {
    const at = ((to % frames.length) + frames.length) % frames.length;
    frames.forEach((frame, place) => { frame.hidden = place !== at; });
    slider.value = at;
    slider.setAttribute("aria-valuetext", `Side ${at + 1} of ${frames.length}`);
  };
  turn(0);
  // Those that are hidden would be loaded when they are turned to.
  for (const image of figure.querySelectorAll("img")) image.loading = "eager";

  slider.addEventListener("input", () => turn(Number(slider.value)));
  const list = figure.querySelector(".frames");
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    list.setPointerCapture(event.pointerId);
    const [from, start] = [event.clientX, Number(slider.value)];
    const step = list.clientWidth / frames.length;
    const drag = (one) => turn(start + Math.round((one.clientX - from) / step));
    list.addEventListener("pointermove", drag);
    const end = () => list.removeEventListener("pointermove", drag);
    list.addEventListener("pointerup", end, { once: true });
    list.addEventListener("pointercancel", end, { once: true });
  });
}
