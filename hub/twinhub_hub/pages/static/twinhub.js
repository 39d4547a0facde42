// The workspaces' cards on the home page and the one on the page that shows a start; the log of a failed one.
(() => {
  "use strict";

  // times in the reader's own zone
  document.querySelectorAll("time[datetime]").forEach((time) => {
    const at = new Date(time.dateTime);
    const isToday = at.toDateString() === new Date().toDateString();
    const day = isToday ? {} : { day: "numeric", month: "short" };
    time.textContent = at.toLocaleString([], { ...day, hour: "2-digit", minute: "2-digit" });
  });

  // the cause stands at the end of a log
  document.querySelectorAll(".twinhub-log").forEach((log) => log.scrollTo(0, log.scrollHeight));

  const RETRY_MS = 3000;

  // Ask the hub for something; resolves to what went wrong, if anything.
  async function ask(method, address, body) {
    try {
      const answer = await fetch(address, {
        method,
        headers: { "X-XSRFToken": window.jhdata.xsrf_token, "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
      });
      if (answer.ok) {
        return null;
      }
      const problem = await answer.json().catch(() => ({}));
      return problem.message || `The hub answered ${answer.status}.`;
    } catch {
      return "The hub does not answer.";
    }
  }

  function showStage(event) {
    const bar = document.getElementById("progress");
    bar.setAttribute("aria-valuenow", event.progress);
    bar.firstElementChild.style.width = `${event.progress}%`;
    const stages = document.getElementById("stages");
    const current = stages.querySelector("[aria-current]");
    if (event.queued && current?.dataset.queued) {
      current.textContent = event.message; // the places in the queue are one stage
      return;
    }
    current?.removeAttribute("aria-current");
    const stage = document.createElement("li");
    stage.textContent = event.progress === 0 ? "Asked the hub" : event.message;
    stage.setAttribute("aria-current", "step");
    if (event.queued) {
      stage.dataset.queued = "true";
    }
    stages.append(stage);
  }

  function showElapsed() {
    const seconds = Math.floor(performance.now() / 1000);
    const text = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    document.getElementById("elapsed").textContent = text;
  }

  function setUp(card) {
    // Stop the workspace, or give its start up.
    const stop = () => ask("DELETE", card.dataset.api);

    function showError(text) {
      const box = card.querySelector('[data-role="error"]');
      box.textContent = text;
      box.hidden = false;
    }

    function onClick(action, label, run) {
      const button = card.querySelector(`[data-action="${action}"]`);
      if (!button) {
        return;
      }
      const usual = button.innerHTML;
      button.addEventListener("click", async () => {
        button.disabled = true;
        button.textContent = label;
        const problem = await run();
        if (problem) {
          showError(`${problem} Try again in a moment.`);
          button.disabled = false;
          button.innerHTML = usual;
        }
      });
    }

    function onClickThenReload(action, label, run) {
      onClick(action, label, async () => {
        const problem = await run();
        if (!problem) {
          window.location.reload();
        }
        return problem;
      });
    }

    function followStart() {
      const events = new EventSource(card.dataset.progress);
      setInterval(showElapsed, 1000);
      events.addEventListener("open", () => document.getElementById("stages").replaceChildren());
      events.addEventListener("message", (message) => {
        const event = JSON.parse(message.data);
        if (event.ready || event.failed) {
          // the hub answers this address with the workspace, or with the reason and what to do
          events.close();
          window.location.reload();
        } else {
          showStage(event);
        }
      });
      events.addEventListener("error", () => {
        if (events.readyState === EventSource.CLOSED) {
          setTimeout(() => window.location.reload(), RETRY_MS);
        }
      });
      onClick("cancel", "Cancelling…", async () => {
        events.close();
        const problem = await stop();
        if (!problem) {
          window.location.assign(card.dataset.home);
        }
        return problem;
      });
    }

    onClickThenReload("stop", "Stopping…", stop);
    onClickThenReload("keep", "Keeping…", () => ask("POST", `${card.dataset.api}/keep`));
    onClickThenReload("remove", "Removing…", () =>
      ask("DELETE", card.dataset.api, { remove: true }),
    );
    if (card.dataset.refresh) {
      setTimeout(() => window.location.reload(), Number(card.dataset.refresh) * 1000);
    }
    if (card.dataset.progress) {
      followStart();
    }
  }

  document.querySelectorAll("[data-api]").forEach(setUp);

  const another = document.getElementById("another-workspace");
  another?.addEventListener("submit", (event) => {
    event.preventDefault();
    window.location.assign(another.dataset.spawn + document.getElementById("another-name").value);
  });
})();
