// A picture that is chosen, dropped or pasted asks at once.

function send(files) {
  const first = [...files].find((file) => file.type.startsWith("image/"));
  if (!first) return;
  const picture = document.querySelector("#picture");
  const carried = new DataTransfer();
  carried.items.add(first);
  picture.files = carried.files;
  picture.form.requestSubmit();
}

document.addEventListener("change", ({ target }) => {
  if (target.id === "picture" && target.files.length) target.form.requestSubmit();
});
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
