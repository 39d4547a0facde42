// TwinHub's notice in JupyterLab: this workspace is idle, and when it stops.
//
// A federated extension is a container with `init` and `get` below `window._JUPYTERLAB`; see
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html. This one needs no other
// package: it uses JupyterLab's commands for notifications.
(() => {
  "use strict";

  const POLL_MS = 30_000;
  const KEEP = "twinhub:keep-workspace";
  const { baseUrl } = JSON.parse(document.getElementById("jupyter-config-data").textContent);

  function xsrfToken() {
    const found = document.cookie.split("; ").find((cookie) => cookie.startsWith("_xsrf="));
    return found ? decodeURIComponent(found.slice("_xsrf=".length)) : "";
  }

  async function ask(path, method) {
    const answer = await fetch(`${baseUrl}twinhub/${path}`, {
      method,
      headers: { "X-XSRFToken": xsrfToken() },
    });
    if (!answer.ok) {
      throw new Error(`The workspace answered ${answer.status}.`);
    }
    return answer.json();
  }

  function clock(time) {
    return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }

  function activate(app) {
    let shown = null; // the notice that is on the screen
    let dismissedFor = null; // the stop that somebody has closed the notice of

    async function hide() {
      if (shown) {
        await app.commands.execute("apputils:dismiss-notification", { id: shown.id });
      }
      shown = null;
    }

    async function show(work) {
      if (dismissedFor === work.stops_at || shown?.stop === work.stops_at) {
        return;
      }
      await hide();
      const id = await app.commands.execute("apputils:notify", {
        message: `This workspace is idle: ${work.seen}. It stops at about ${clock(work.stops_at)}; your files stay.`,
        type: "warning",
        options: {
          autoClose: false,
          actions: [{ label: `Keep it ${work.keep_hours} h`, commandId: KEEP, displayType: "accent" }],
        },
      });
      shown = { id, stop: work.stops_at };
      dismissedFor = work.stops_at;
    }

    async function look() {
      try {
        const work = await ask("work", "GET");
        await (work.is_near ? show(work) : hide());
      } catch {
        // the workspace says itself when it does not answer
      }
    }

    app.commands.addCommand(KEEP, {
      label: "Keep this workspace running",
      describedBy: { args: { type: "object", properties: {} } },
      execute: async () => {
        try {
          const work = await ask("keep", "POST");
          await hide();
          await app.commands.execute("apputils:notify", {
            message: `The workspace is kept until ${clock(work.stops_at)} at least.`,
            type: "success",
            options: { autoClose: 5000 },
          });
        } catch (error) {
          await app.commands.execute("apputils:notify", {
            message: `The workspace is not kept: ${error.message} Try again from the hub's home page.`,
            type: "error",
            options: { autoClose: false },
          });
        }
      },
    });
    void app.restored.then(() => {
      void look();
      setInterval(look, POLL_MS);
    });
  }

  const plugin = { id: "twinhub-lab:work", autoStart: true, activate };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["twinhub-lab"] = {
    init: () => undefined,
    get: async () => () => ({ __esModule: true, default: [plugin] }),
  };
})();
