/** How permissions work here, to be read by a model before it promises anything. */
import { defineResource } from "../mcp/tool.ts";

export const permissionGuide = defineResource({
  uri: "guide://permissions",
  name: "permission_guide",
  title: "How permissions work",
  description:
    "When a tool is shown, when it asks for more consent, and when only an administrator can help.",
  permissions: [],
  mimeType: "text/markdown",
  run: () => GUIDE,
});

const GUIDE = `# How permissions work

Each tool names the Auth0 permissions it needs, and every one of them is required.

| The person | The tool |
|---|---|
| has them and allowed them to this application | is shown and runs |
| has them, but did not allow them to this application | is shown; calling it asks the person to authorize again |
| does not have them | is hidden; an administrator can assign them in Auth0 |

A change made in Auth0 takes effect when the application next renews its access token.
`;
