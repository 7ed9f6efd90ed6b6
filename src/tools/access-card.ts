/**
 * The view of `explain_access` (MCP Apps): the person's tools as a card. A constant: the data comes
 * from the host, with the result of the call, and is written as text, never as HTML.
 */
export const accessCard = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Your access</title>
<style>
  body { margin: 0; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; }
  h1 { margin: 0 0 .5rem; font-size: 1.1rem; }
  ul { margin: 0; padding: 0; list-style: none; }
  li { display: flex; justify-content: space-between; gap: 1rem; padding: .4rem 0; border-top: 1px solid #8884; }
  small { opacity: .75; text-align: right; }
</style>
<h1>What you can use here</h1>
<ul id="tools"><li>Waiting for the answer…</li></ul>
<script>
  const list = document.getElementById("tools");
  const send = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const row = ({ title, access }) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const state = document.createElement("small");
    name.textContent = title;
    state.textContent = access;
    item.append(name, state);
    return item;
  };
  addEventListener("message", ({ source, data }) => {
    if (source !== parent) return;
    if (data?.id === 1) send({ method: "ui/notifications/initialized" });
    if (data?.method === "ui/notifications/tool-result") {
      const tools = data.params?.structuredContent?.tools ?? [];
      list.replaceChildren(...tools.map(row));
    }
  });
  send({
    id: 1,
    method: "ui/initialize",
    params: {
      protocolVersion: "2026-01-26",
      appInfo: { name: "access-card", version: "1" },
      appCapabilities: {},
    },
  });
</script>
</html>
`;
