/** The one class of `node:async_hooks` that the flag `nodejs_als` of Workers gives. Types only. */
declare module "node:async_hooks" {
  export class AsyncLocalStorage<Store> {
    run<Value>(store: Store, run: () => Value): Value;
    getStore(): Store | undefined;
  }
}
