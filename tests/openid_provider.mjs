// An OpenID provider for tests: whoever gives a name is that. Arguments: port, the folder that holds
// node_modules, client id, client secret, return address.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [port, modules, id, secret, back] = process.argv.slice(2);
const found = createRequire(`${modules}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found));
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: id, client_secret: secret, redirect_uris: [back], response_types: ["code"], grant_types: ["authorization_code"] }],
  claims: { openid: ["sub"], profile: ["preferred_username", "name"] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_, login) => ({
    accountId: login,
    claims: () => ({ sub: login, preferred_username: login.split("|")[0], name: `Name of ${login}` }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
