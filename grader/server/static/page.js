"use strict";
// A page that the browser kept may show what has changed since, or what belongs to someone who has signed out.
addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
// Times in the reader's own zone.
for (const element of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(element.dateTime);
  if (!isNaN(moment)) element.textContent = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}
// The state of a submission as it changes; the feedback is shown once it is there.
for (const section of document.querySelectorAll("[data-watch]")) {
  const events = new EventSource(section.dataset.watch);
  // Refused, as after the end of a session: the page itself says why.
  events.onerror = () => { if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000); };
  events.onmessage = message => {
    const state = JSON.parse(message.data);
    if (state.text) section.querySelector("[data-state]").textContent = state.text;
    if (state.final) {
      events.close();
      location.reload();
    }
  };
}
// What goes to a learning platform goes there by itself; its registration window closes by itself.
for (const form of document.querySelectorAll("form[data-send]")) form.submit();
if (document.querySelector("[data-registered]")) (window.opener ?? window.parent).postMessage({ subject: "org.imsglobal.lti.close" }, "*");
// Uploads with progress, by choosing or by dropping files.
for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]"), bar = form.querySelector("progress");
  const notice = form.querySelector("[role=alert]"), button = form.querySelector("button");
  const fail = text => { notice.textContent = text; notice.hidden = false; bar.hidden = true; button.disabled = false; };
  const send = files => {
    if (button.disabled) return;
    // The service refuses these as well, but a browser that is still sending does not read why.
    const size = [...files].reduce((sum, file) => sum + file.size, 0);
    if (size > form.dataset.maxBytes) return fail(form.dataset.tooLarge);
    if (files.length > form.dataset.maxFiles) return fail(form.dataset.tooMany);
    const body = new FormData();
    for (const file of files) body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
    request.upload.onprogress = event => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
    request.onerror = () => fail(form.dataset.notSent);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { answer = { detail: request.statusText }; }
      if (request.status === 202) location.assign(answer.url);
      else fail(answer.detail);
    };
    notice.hidden = true; bar.hidden = false; bar.value = 0; button.disabled = true;
    request.send(body);
  };
  // A file that misses the form would take the place of the page.
  for (const name of ["dragover", "drop"]) addEventListener(name, event => event.preventDefault());
  form.addEventListener("submit", event => { event.preventDefault(); send(input.files); });
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, event => {
      event.preventDefault();
      form.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files);
    });
  }
}
