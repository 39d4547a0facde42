// A double of GitLab: an OAuth 2 server (oidc-provider) at GitLab's addresses, and three calls of its
// REST API, as https://docs.gitlab.com/api/oauth2/ and .../api/groups/ describe them. Strict on PKCE
// (S256), single-use codes and refresh tokens, the redirect address, scopes, pages, escaped paths.
// TwinHub asks /oauth/authorize, /oauth/token, /api/v4/user and /api/v4/groups, and as an OpenID
// provider the discovery document and /oauth/userinfo. It does not ask
// /api/v4/groups/:id: the list says all that it needs. The double has it so that whoever comes to
// need it meets GitLab's rules; tests/integration/sign_in/test_gitlab_double.py shows that it keeps them.
// Repositories are real: `git` names a server of them to which calls of git are passed on, once the
// token is one of OAuth with the user name `oauth2`, with the scope, of a member of the project; see
// .../api/oauth2/#access-git-over-https-with-access-token. A renewed token ends the one before it.
// `POST` to the control port changes people and moods; GitLab has nothing like it.
import { createServer, request } from "node:http";
import Provider from "oidc-provider";

const { CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, PORT, CONTROL_PORT } = process.env;
const MAX_PAGE = 100;
const issued = new Map(); // access tokens by value, to expire them all
// moods: `up`, `broken` (502 to everything), `hanging` (accepts and never answers), `gone` (refuses)
// git: { port, login } of the server of repositories; `uses` is who was let in, and where
// lifetime: seconds of the access tokens that are given from now on
const world = { users: {}, mood: "up", calls: {}, git: null, uses: [], lifetime: 7200 };
const hanging = new Set(); // answers that nobody gets
const address = `http://127.0.0.1:${PORT}`;

const provider = new Provider(address, {
  clients: [{
    client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI],
    grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
    token_endpoint_auth_method: "client_secret_post",
  }],
  scopes: [
    "openid", "email", "profile", "read_user", "read_api", "read_repository", "write_repository",
  ],
  claims: {
    openid: ["sub", "groups"], profile: ["preferred_username", "name"],
    email: ["email", "email_verified"],
  },
  cookies: { keys: ["of the test only"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  routes: {
    authorization: "/oauth/authorize", token: "/oauth/token", userinfo: "/oauth/userinfo",
    jwks: "/oauth/discovery/keys",
  },
  ttl: {
    AccessToken: () => world.lifetime, AuthorizationCode: 60, Grant: 86400, IdToken: 600, Interaction: 600,
    RefreshToken: 86400, Session: 86400,
  },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  interactions: { url: (_, { uid }) => `/users/sign_in/${uid}` },
  findAccount: (_, id) => {
    const user = Object.values(world.users).find((one) => String(one.id) === id);
    return user && { accountId: id, claims: () => ({
      sub: id, preferred_username: user.username, name: user.name, email: user.email,
      email_verified: Boolean(user.confirmed_at), groups: user.groups.map((g) => g.full_path),
    }) };
  },
  loadExistingGrant: async ({ oidc }) => { // nobody is asked for consent: the application is trusted
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId, accountId: oidc.session.accountId,
    });
    grant.addOIDCScope(oidc.params.scope);
    await grant.save();
    return grant;
  },
});
provider.on("access_token.saved", (token) => {
  for (const one of issued.values()) {
    if (one.grantId === token.grantId && one.jti !== token.jti) one.destroy();
  }
  issued.set(token.jti, token);
});
provider.use(async (ctx, next) => { // GitLab tells when, and keeps to the clock of its database
  await next();
  if (ctx.oidc?.route === "token" && ctx.body?.access_token) {
    ctx.body.created_at = Math.floor(Date.now() / 1000);
  }
});
const oauth = provider.callback();

const send = (res, status, body, headers = {}) => {
  const isText = typeof body === "string";
  res.writeHead(status, { "content-type": isText ? "text/html" : "application/json", ...headers });
  res.end(isText ? body : JSON.stringify(body));
};

const read = async (req) => {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts).toString();
};

const change = async (mood) => {
  world.mood = mood;
  for (const res of hanging) res.destroy();
  hanging.clear();
  if (mood === "gone") {
    front.close();
    front.closeAllConnections();
  } else if (!front.listening) {
    await new Promise((resolve) => front.listen(Number(PORT), "127.0.0.1", resolve));
  }
};

const control = async (req, res) => {
  const { users, mood, expire, forget, git, lifetime } = JSON.parse(await read(req));
  if (git) world.git = git;
  if (lifetime) world.lifetime = lifetime;
  if (users) Object.assign(world.users, users);
  if (forget) delete world.users[forget];
  if (mood) await change(mood);
  if (expire) for (const token of issued.values()) await token.destroy();
  send(res, 200, { calls: world.calls, uses: world.uses });
};

const signIn = async (req, res) => {
  if (req.method === "GET") {
    send(res, 200, `<!doctype html><title>GitLab</title><form method="post">
      <label>Username <input name="username"></label><button>Sign in</button></form>`);
    return;
  }
  const name = new URLSearchParams(await read(req)).get("username");
  const user = Object.values(world.users).find((one) => one.username === name);
  if (!user) return send(res, 401, "Invalid login");
  await provider.interactionFinished(req, res, { login: { accountId: String(user.id) } });
};

const asked = async (req, scopes) => { // the user of a request's token, or a status and a reason
  const value = /^Bearer (\S+)$/.exec(req.headers.authorization ?? "")?.[1];
  const token = value && await provider.AccessToken.find(value);
  if (!token) return { status: 401, message: "401 Unauthorized" };
  if (!scopes.some((scope) => token.scopes.has(scope))) {
    return { status: 403, error: "insufficient_scope", scope: scopes.join(" ") };
  }
  const user = Object.values(world.users).find((one) => String(one.id) === token.accountId);
  return user && user.state === "active" ? { user } : { status: 401, message: "401 Unauthorized" };
};

const NOWHERE = { error: "404 Not Found" };
const everybody = { id: 1, full_path: "public/everybody", access_level: 0 };
const shown = ({ access_level, ...group }) => group;

const showUser = (res, { groups, projects, ...user }) => send(res, 200, user);

const listGroups = (res, user, query) => {
  const level = Number(query.get("min_access_level") ?? 0);
  const size = Math.min(Number(query.get("per_page") ?? 20), MAX_PAGE);
  const page = Number(query.get("page") ?? 1);
  // without a level GitLab lists every public group as well, the user's or not
  const seen = user.groups.filter((group) => group.access_level >= level);
  if (!level) seen.push(everybody);
  const part = seen.slice((page - 1) * size, page * size);
  const next = page * size < seen.length ? String(page + 1) : "";
  send(res, 200, part.map(shown),
    { "x-page": String(page), "x-per-page": String(size), "x-next-page": next });
};

const showGroup = (res, user, segment) => { // a number or a full path, escaped exactly once
  const id = decodeURIComponent(segment);
  const named = (group) => id === String(group.id) || id === group.full_path;
  const group = [...user.groups, everybody].find(named);
  send(res, group ? 200 : 404, group ? shown(group) : { message: "404 Group Not Found" });
};

const api = async (req, res, url) => {
  const path = url.pathname.slice("/api/v4".length);
  const segment = /^\/groups\/([^/]+)$/.exec(path)?.[1];
  const answers = {
    "/user": { scopes: ["read_user", "read_api", "api"], answer: (user) => showUser(res, user) },
    "/groups": {
      scopes: ["read_api", "api"], answer: (user) => listGroups(res, user, url.searchParams),
    },
  };
  const call = segment
    ? { scopes: ["read_api", "api"], answer: (user) => showGroup(res, user, segment) }
    : answers[path];
  if (!call || req.method !== "GET") return send(res, 404, NOWHERE);
  const { user, status, ...why } = await asked(req, call.scopes);
  return user ? call.answer(user) : send(res, status, why);
};

const REPOSITORY = /^\/(.+?)\.git\/(info\/refs|git-(?:upload|receive)-pack)$/;

const letIn = async (req, isPush) => { // who calls git, or a status and what GitLab says
  const denied = { status: 401, says: "HTTP Basic: Access denied" };
  const basic = /^Basic (\S+)$/.exec(req.headers.authorization ?? "")?.[1];
  const [name, value] = Buffer.from(basic ?? "", "base64").toString().split(":");
  const token = name === "oauth2" && value && await provider.AccessToken.find(value);
  const user = token && Object.values(world.users).find((one) => String(one.id) === token.accountId);
  if (!user || user.state !== "active") return denied;
  if (isPush && !token.scopes.has("write_repository")) {
    return { status: 403, says: "You are not allowed to push code to this project." };
  }
  return token.scopes.has("write_repository") || token.scopes.has("read_repository")
    ? { user } : denied;
};

const git = async (req, res, url) => {
  const [, project, verb] = REPOSITORY.exec(url.pathname);
  const isPush = `${verb}${url.search}`.includes("git-receive-pack");
  const { user, status, says } = await letIn(req, isPush);
  if (!user) return send(res, status, says, { "www-authenticate": 'Basic realm="GitLab"' });
  if (!user.projects?.includes(project)) return send(res, 404, "The project could not be found");
  world.uses.push({ user: user.username, project, push: isPush });
  const headers = { ...req.headers, authorization: `Basic ${btoa(world.git.login)}` };
  const options = { port: world.git.port, path: req.url, method: req.method, headers };
  req.pipe(request(options, (answer) => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.pipe(res);
  }));
};

const answered = (handle) => createServer(async (req, res) => {
  try {
    await handle(req, res);
  } catch (error) {
    send(res, 500, { error: String(error) });
  }
});

const front = answered(async (req, res) => {
  const url = new URL(req.url, address);
  world.calls[url.pathname] = (world.calls[url.pathname] ?? 0) + 1;
  if (world.mood === "hanging") return void hanging.add(res);
  if (world.mood === "broken") return send(res, 502, "GitLab is not responding");
  if (url.pathname.startsWith("/api/v4/")) return await api(req, res, url);
  if (world.git && REPOSITORY.test(url.pathname)) return await git(req, res, url);
  if (url.pathname.startsWith("/users/sign_in/")) return await signIn(req, res);
  return await oauth(req, res);
});

front.listen(Number(PORT), "127.0.0.1");
answered(control).listen(Number(CONTROL_PORT), "127.0.0.1");
