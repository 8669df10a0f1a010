"use strict";
// Times in the reader's own zone.
for (const element of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(element.dateTime);
  if (!isNaN(moment)) element.textContent = moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}
// The state of a submission as it changes; the feedback is shown once it is there.
for (const section of document.querySelectorAll("[data-watch]")) {
  const events = new EventSource(section.dataset.watch);
  events.onmessage = message => {
    const state = JSON.parse(message.data);
    if (state.text) section.querySelector("[data-state]").textContent = state.text;
    if (state.final) {
      events.close();
      location.reload();
    }
  };
}
// Uploads with progress, by choosing or by dropping files.
for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]"), bar = form.querySelector("progress");
  const notice = form.querySelector("[role=alert]"), button = form.querySelector("button");
  const fail = text => { notice.textContent = text; notice.hidden = false; bar.hidden = true; button.disabled = false; };
  const send = files => {
    const body = new FormData();
    for (const file of files) body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
    request.upload.onprogress = event => { if (event.lengthComputable) bar.value = event.loaded / event.total; };
    request.onerror = () => fail("\u26a0 " + navigator.onLine);
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { answer = { detail: request.statusText }; }
      if (request.status === 202) location.assign(answer.url);
      else fail(answer.detail);
    };
    notice.hidden = true; bar.hidden = false; bar.value = 0; button.disabled = true;
    request.send(body);
  };
  form.addEventListener("submit", event => { event.preventDefault(); send(input.files); });
  for (const name of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(name, event => {
      event.preventDefault();
      form.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files);
    });
  }
}
