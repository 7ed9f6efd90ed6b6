/** An address of a person's own before they have signed in: words go in, a page with one way on comes out. */
import type { Child } from "hono/jsx";
import { Layout } from "./layout.tsx";

/** The page. `children` says why. */
export function SignInFirst({
  title,
  signInHref,
  children,
}: {
  title: string;
  signInHref: string;
  children: Child;
}) {
  return (
    <Layout title={title}>
      <main class="sheet">
        <h1>{title}</h1>
        <p>{children}</p>
        <div class="choice">
          <a class="button main" href={signInHref}>
            Sign in
          </a>
        </div>
      </main>
    </Layout>
  );
}
