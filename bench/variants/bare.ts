/** The least a Worker can do: one constant JSON text, whatever is asked. */

const text = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { content: [] } });

export default {
  fetch: () => new Response(text, { headers: { "Content-Type": "application/json" } }),
};
