// What all objects of the Kubernetes API have, as far as Seed reads it.

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { uid: string; kind: string; name: string }[];
    creationTimestamp?: string;
    /** Where it is set, the object is to go. */
    deletionTimestamp?: string;
  };
}
