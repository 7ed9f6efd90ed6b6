/**
 * From where a request comes, as Cloudflare tells it: enough to know a place again, too little to
 * find anybody. A request goes in, a few words come out.
 */
import * as z from "zod";
import { clientFamilyOf } from "./log.ts";

export interface Network {
  /** The number of the network, or 0 when it is not told. */
  readonly autonomousSystem: number;
  /** Two letters, or nothing. */
  readonly country: string;
  readonly clientFamily: string;
}

const cfSchema = z.object({
  asn: z.number().catch(0),
  country: z.string().catch(""),
});

/** Where a request comes from; it must be the one that the runtime handed in. */
export function readNetwork(request: Request): Network {
  const { asn, country } = cfSchema.catch({ asn: 0, country: "" }).parse(request.cf);
  const clientFamily = clientFamilyOf(request.headers.get("User-Agent"));
  return { autonomousSystem: asn, country, clientFamily };
}
