// TwinHub in JupyterLab: the notice that this workspace is idle, and the commands of its tools.
//
// A federated extension is a container with `init` and `get` below `window._JUPYTERLAB`; see
// https://jupyterlab.readthedocs.io/en/stable/extension/extension_dev.html. This one needs no build:
// it uses JupyterLab's commands for notifications, and takes the tokens of three services from the
// packages that JupyterLab shares with its extensions.
(() => {
  "use strict";

  const POLL_MS = 30_000;
  const BEFORE_OTHER = 50; // JupyterLab's own: Notebook 0, Console 20, Other 100
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

  const work = { id: "twinhub-lab:work", autoStart: true, activate };

  function open(endpoint) {
    // Relative to the workspace's address, and never to another place.
    const address = new URL(`${baseUrl}${endpoint}`, window.location.origin);
    if (address.origin === window.location.origin) {
      window.open(address.href, "_blank", "noopener");
    }
  }

  function folderOf(browsers) {
    const browser = browsers?.tracker.currentWidget;
    const selected = browser ? [...browser.selectedItems()] : [];
    const folder = selected.find((item) => item.type === "directory");
    const path = folder ? folder.path : (browser?.model.path ?? "");
    return `/workspace/${path.replace(/^[A-Za-z]*:/, "")}`.replace(/\/$/, "");
  }

  async function activateTools(app, LabIcon, { palette, launcher, browsers }) {
    const tools = await ask("tools", "GET");
    tools.forEach((tool, rank) => {
      const command = `twinhub:open-${tool.name}`;
      const icon = tool.icon && new LabIcon({ name: `twinhub:${tool.name}`, svgstr: tool.icon });
      app.commands.addCommand(command, {
        label: (args) => (args.isPalette ? `Open ${tool.title}` : tool.title),
        caption: tool.description,
        icon: (args) => (args.isPalette ? undefined : icon || undefined),
        describedBy: { args: { type: "object", properties: { isPalette: { type: "boolean" } } } },
        execute: () => open(tool.endpoint),
      });
      palette?.addItem({ command, category: "Tools", args: { isPalette: true } });
      if (tool.category) {
        launcher?.add({ command, category: tool.category, categoryRank: BEFORE_OTHER, rank });
      }
      if (tool.name === "vscode") {
        addFolderCommand(app, browsers);
      }
    });
  }

  function addFolderCommand(app, browsers) {
    const command = "twinhub:open-folder-in-vscode";
    app.commands.addCommand(command, {
      label: "Open in VS Code",
      caption: "Open this folder in VS Code, in another tab",
      describedBy: { args: { type: "object", properties: {} } },
      execute: () => open(`vscode/?folder=${encodeURIComponent(folderOf(browsers))}`),
    });
    app.contextMenu.addItem({
      command,
      selector: '.jp-DirListing-item[data-isdir="true"]',
      rank: 4,
    });
  }

  let shared = {};

  async function load(name) {
    const versions = Object.values(shared[name] ?? {});
    return versions.length ? (await versions[0].get())() : {};
  }

  async function plugins() {
    const [{ ICommandPalette }, { IFileBrowserFactory }, { ILauncher }, { LabIcon }] =
      await Promise.all(
        ["apputils", "filebrowser", "launcher", "ui-components"].map((name) =>
          load(`@jupyterlab/${name}`),
        ),
      );
    const tools = {
      id: "twinhub-lab:tools",
      autoStart: true,
      optional: [ICommandPalette, ILauncher, IFileBrowserFactory],
      activate: (app, palette, launcher, browsers) => {
        void activateTools(app, LabIcon, { palette, launcher, browsers }).catch((error) =>
          console.warn("TwinHub shows no tools:", error),
        );
      },
    };
    return [work, tools];
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["twinhub-lab"] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const found = await plugins();
      return () => ({ __esModule: true, default: found });
    },
  };
})();
