/** Shows the text of an app while it comes. The page has a link to the app. */

const find = (selector) => document.querySelector(selector);
const button = find("#start");

button.onclick = async () => {
  button.disabled = true;
  find("#text").textContent = "";
  try {
    const { body } = await fetch(find("main a").href, { cache: "no-store" });
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let step; !(step = await reader.read()).done;) find("#text").append(step.value);
  } catch {
    find("#text").append("The connection ended.\n");
  }
  button.disabled = false;
};
button.click();
