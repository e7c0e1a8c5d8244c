const box = document.getElementById("search");
if (box) {
  box.hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase();
    for (const one of document.querySelectorAll(".said")) {
      one.hidden = !one.textContent.toLowerCase().includes(words);
    }
  });
}
