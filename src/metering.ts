/**
 * What a request costs the store. The store goes in, the same one that counts comes out; a request
 * that is metered hears of every command that it, or what it began, has sent so far.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Redis } from "./storage/redis.ts";

type OnCommands = (commands: number) => void;

const meters = new AsyncLocalStorage<OnCommands>();

/** Runs what a request does; `onCommands` hears how many commands were sent, each time some are. */
export function meter<Value>(onCommands: OnCommands, run: () => Value): Value {
  let sent = 0;
  return meters.run((commands) => onCommands((sent += commands)), run);
}

/** The same store, which tells the request that asks it. */
export function metered({ transact }: Redis): Redis {
  return {
    transact: (commands, options) => {
      meters.getStore()?.(commands.length);
      return transact(commands, options);
    },
  };
}
