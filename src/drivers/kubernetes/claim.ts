// The objects of kubernetes-sigs/agent-sandbox (v1beta1) that mode `agent-sandbox` reads and writes, as far as it
// does: a claim takes a pod that waits in a pool, whose pods are made of a template.
import type { KubeObject } from './object.ts';
import type { Condition } from './pod.ts';

const GROUP = 'extensions.agents.x-k8s.io';
export const CLAIM_API = `${GROUP}/v1beta1`;

export interface SandboxClaim extends KubeObject {
  spec: { warmPoolRef: { name: string }; lifecycle?: { shutdownTime?: string } };
  status?: { conditions?: Condition[]; sandbox?: { name?: string } };
}

export interface SandboxWarmPool extends KubeObject {
  spec: { replicas?: number; sandboxTemplateRef: { name: string } };
}

export interface SandboxTemplate extends KubeObject {
  spec: {
    podTemplate: { spec: PodSpec };
    networkPolicy?: { ingress?: unknown[]; egress?: unknown[] };
    networkPolicyManagement?: string;
    volumeClaimTemplates?: unknown[];
  };
}

/** What is looked at of a pod that somebody else has described. */
export interface PodSpec {
  activeDeadlineSeconds?: number;
  automountServiceAccountToken?: boolean;
  containers: Container[];
  dnsPolicy?: string;
  enableServiceLinks?: boolean;
  hostIPC?: boolean;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostUsers?: boolean;
  initContainers?: unknown[];
  restartPolicy?: string;
  runtimeClassName?: string;
  securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type?: string } };
  shareProcessNamespace?: boolean;
  volumes?: ({ name: string; emptyDir?: object } & Record<string, unknown>)[];
}

export interface Container {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: unknown[];
  envFrom?: unknown[];
  resources?: { limits?: Record<string, string> };
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    privileged?: boolean;
    readOnlyRootFilesystem?: boolean;
    capabilities?: { add?: string[]; drop?: string[] };
  };
}

/** Of a Sandbox: the pod that it took over; else the pod has its name. */
export const POD_NAME_ANNOTATION = 'agents.x-k8s.io/pod-name';

export const claimsPath = (namespace: string) => extensionPath(namespace, 'sandboxclaims');
export const sandboxesPath = (namespace: string) =>
  `/apis/agents.x-k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/sandboxes`;
export const poolsPath = (namespace: string) => extensionPath(namespace, 'sandboxwarmpools');
export const templatesPath = (namespace: string) => extensionPath(namespace, 'sandboxtemplates');

const extensionPath = (namespace: string, resource: string) =>
  `/apis/${CLAIM_API}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
