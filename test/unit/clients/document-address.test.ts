import { expect, it } from "vitest";
import { judgeAddress } from "../../../src/clients/document-address.ts";

const RULES = { issuer: "https://mcp.example.com", namedHosts: ["localhost:9443"] };

it.each([
  ["https://claude.ai/oauth/client.json", undefined],
  ["https://client.example:443/client.json", undefined],
  ["https://xn--mnchen-3ya.example/client.json", undefined],
  ["https://1.client.example/client.json", undefined],
  ["https://localhost:9443/client.json", undefined],
  ["https://localhost/client.json", "single_label"],
  ["https://localhost:9444/client.json", "port"],
  ["http://client.example/client.json", "not_https"],
  ["ftp://client.example/client.json", "not_https"],
  ["client.json", "not_https"],
  ["https://user@client.example/client.json", "user"],
  ["https://:secret@client.example/client.json", "user"],
  ["https://client.example:8443/client.json", "port"],
  ["https://mcp.example.com/client.json", "ourselves"],
  ["https://MCP.example.com/client.json", "ourselves"],
  ["https://127.0.0.1/client.json", "ip_address"],
  ["https://2130706433/client.json", "ip_address"],
  ["https://0x7f.0.0.1/client.json", "ip_address"],
  ["https://[::1]/client.json", "ip_address"],
  ["https://intranet/client.json", "single_label"],
  ["https://intranet./client.json", "single_label"],
  ["https://me.localhost/client.json", "inner_name"],
  ["https://metadata.google.internal/client.json", "inner_name"],
  ["https://metadata.google.internal./client.json", "inner_name"],
  ["https://printer.local/client.json", "inner_name"],
  ["https://router.home.arpa/client.json", "inner_name"],
])("%s: %s", (address, problem) => {
  expect(judgeAddress(address, RULES)).toBe(problem);
});
