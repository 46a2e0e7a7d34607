// What a probe of the cluster's network tries to reach, and what the outcome means. Pure. Used by probe.ts.
import type { PodStatus } from './pod.ts';

export interface Target {
  /** For people, such as "the node". */
  what: string;
  by: 'tcp' | 'udp' | 'icmp' | 'name';
  host: string;
  port: number;
}

export interface Outcome extends Target {
  /** `answered`, `silent`, or the system's code of the error. */
  outcome: string;
}

/** What reachable.py says. */
export interface Report {
  outcomes: Outcome[];
  /** Network cards that are up, but for loopback. */
  cards: string[];
  version: string;
  commandLine: string;
}

const NODE_PORTS = [22, 53, 80, 443, 2379, 6443, 9100, 10250, 10256];
const METADATA = ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', 'fd00:ec2::254'];
const NODE_LOCAL_DNS = '169.254.20.10';
const OUTSIDE = ['1.1.1.1', '8.8.8.8', '2606:4700:4700::1111'];
const NAMES = ['kubernetes.default.svc.cluster.local', 'metadata.google.internal', 'example.com'];

export interface Surroundings {
  /** Of the pod that tries. */
  own: PodStatus;
  /** Addresses of the API, with their ports. */
  api: readonly { host: string; port: number }[];
  /** Addresses of a pod that is known to answer, and the port on which it does. */
  listener: { hosts: readonly string[]; port: number };
}

export function targetsIn({ own, api, listener }: Surroundings): Target[] {
  const nodes = (own.hostIPs ?? []).map(({ ip }) => ip);
  const services = api.map(({ host }) => host);
  const at = (what: string, by: Target['by'], hosts: readonly string[], ports: readonly number[]): Target[] =>
    hosts.flatMap((host) => ports.map((port) => ({ what, by, host, port })));
  return [
    ...at('another pod', 'tcp', listener.hosts, [listener.port]),
    ...at('another pod', 'udp', listener.hosts, [listener.port]),
    ...at('another pod', 'icmp', listener.hosts, [0]),
    ...at('the node', 'tcp', nodes, NODE_PORTS),
    ...at('the node', 'udp', nodes, [53, 10250]),
    ...at('the node', 'icmp', nodes, [0]),
    ...api.map(({ host, port }) => ({ what: 'the API server', by: 'tcp' as const, host, port })),
    ...at('DNS', 'udp', [...services.flatMap(clusterDns), NODE_LOCAL_DNS], [53]),
    ...at('DNS', 'name', NAMES, [0]),
    ...at("the cloud's metadata", 'tcp', METADATA, [80]),
    ...at('the outside', 'tcp', OUTSIDE, [443]),
    ...at('the outside', 'udp', OUTSIDE, [53]),
    ...at('the outside', 'icmp', OUTSIDE, [0]),
  ];
}

/** By custom the tenth address of the range in which that of the API is the first. */
function clusterDns(api: string): string[] {
  const range = /^(\d+\.\d+\.\d+)\.1$/.exec(api)?.[1];
  return range === undefined ? [] : [`${range}.10`];
}

export interface Findings {
  /** Of the pod with which nothing is to be shared. */
  inside: Report;
  /** Of the pod that is known to answer, to the former. */
  towards: Outcome[];
}

/**
 * All that answered. A refusal is an answer, too: something was reached that has no such port; but not where the
 * network refuses in the name of a pod that is known to listen on it.
 */
export function answersIn({ inside, towards }: Findings): Outcome[] {
  const known = [...inside.outcomes, ...towards].filter(({ what, by }) => what === 'another pod' && by === 'tcp');
  const networkRefuses = known.some(({ outcome }) => outcome === 'ECONNREFUSED');
  const all = [...inside.outcomes, ...towards];
  return all.filter(({ outcome }) => outcome === 'answered' || (outcome === 'ECONNREFUSED' && !networkRefuses));
}

const SHOWN = 6;

/** `the node (10.0.0.1, tcp 10250), …` */
export function listOf(outcomes: readonly Outcome[]): string {
  const each = outcomes.map(
    ({ what, by, host, port }) => `${what} (${host}${port > 0 ? `, ${by} ${port}` : `, ${by}`})`,
  );
  const more = each.length > SHOWN ? ` and ${each.length - SHOWN} more` : '';
  return `${each.slice(0, SHOWN).join(', ')}${more}`;
}
