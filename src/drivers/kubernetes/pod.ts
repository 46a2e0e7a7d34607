// The parts of the API's objects that this driver reads and writes; the API's reference calls them so.
import type { KubeObject } from './object.ts';

export interface Pod extends KubeObject {
  spec: { nodeName?: string; activeDeadlineSeconds?: number };
  status?: PodStatus;
}

export interface PodStatus {
  phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** Why the pod as a whole ended, such as DeadlineExceeded or Evicted. */
  reason?: string;
  message?: string;
  /** When its node has taken it: what activeDeadlineSeconds counts from. */
  startTime?: string;
  hostIP?: string;
  hostIPs?: { ip: string }[];
  podIP?: string;
  podIPs?: { ip: string }[];
  conditions?: Condition[];
  containerStatuses?: ContainerStatus[];
}

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
}

export interface ContainerStatus {
  name: string;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: Terminated;
  };
}

export interface Terminated {
  exitCode: number;
  signal?: number;
  reason?: string;
  /** What the program has left in its termination log. */
  message?: string;
}

export interface KubeEvent extends KubeObject {
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string;
}
