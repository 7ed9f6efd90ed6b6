/** How the memory engine says no: in the words of Redis 7.0, and never with a stored value. */

/** A command's error reply on its way to the engine, which turns it into a `Failure`. */
export class ReplyError extends Error {
  constructor(reply: string) {
    super(reply);
    this.name = "ReplyError";
  }
}

/** A key holds another type than the command works on. */
export function wrongType(): ReplyError {
  return new ReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");
}

/** The options of a command do not make sense, or one lacks its value. */
export function syntaxError(): ReplyError {
  return new ReplyError("ERR syntax error");
}

/** An argument should be a signed 64-bit integer. */
export function notAnInteger(): ReplyError {
  return new ReplyError("ERR value is not an integer or out of range");
}

/** A command has too few or too many arguments. */
export function wrongArity(command: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${command.toLowerCase()}' command`);
}

/** A lifetime is not positive, or ends after the last representable millisecond. */
export function invalidExpireTime(command: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${command.toLowerCase()}' command`);
}
