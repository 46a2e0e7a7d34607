{{/* What an install refuses, in words that say what to do. Called once, by the servers. */}}
{{- define "seed.checks" -}}
{{- $v := .Values -}}
{{- $keys := splitList " " (include "seed.serverKeys" .) -}}
{{- if not $v.secrets.name -}}
  {{- range $keys -}}
    {{- if not (get $v.secrets.refs .) -}}
      {{- fail (printf "\n\nsecrets.name is not set: Seed takes its secrets from a Secret that is there before it is installed.\nMake one, and install again with --set secrets.name=seed-secrets:\n\n%s" (include "seed.secretCommand" $)) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if not $v.sandboxes.image -}}
  {{- fail "\n\nsandboxes.image is not set: the image that sandboxes are made from.\nMake it with `npm run image -- sandbox`, push it to your registry, and say --set sandboxes.image=registry.example.com/seed-sandbox@sha256:…" -}}
{{- end -}}
{{- if not $v.sandboxes.runtimeClass -}}
  {{- fail "\n\nsandboxes.runtimeClass is not set: what isolates a task from the node it runs on.\n`kubectl get runtimeclasses` shows what the cluster has: --set sandboxes.runtimeClass=gvisor, or kata, or sealed.\nWith --set sandboxes.runtimeClass=none tasks share the kernel of their node; do that only where you trust every task." -}}
{{- end -}}
{{- if and (eq $v.sandboxes.mode "agent-sandbox") (not $v.sandboxes.warmPool) -}}
  {{- fail "\n\nsandboxes.warmPool is not set: with --set sandboxes.mode=agent-sandbox it is the name of the SandboxWarmPool that tasks claim from." -}}
{{- end -}}
{{- if and (eq $v.model.upstream "compatible") (not $v.model.baseUrl) -}}
  {{- fail "\n\nmodel.baseUrl is not set: with --set model.upstream=compatible it is the address of the OpenAI-compatible service, such as https://llm.example.com/v1." -}}
{{- end -}}
{{- if and (eq $v.files.store "s3") (not (and $v.files.s3.endpoint $v.files.s3.bucket)) -}}
  {{- fail "\n\nfiles.s3.endpoint and files.s3.bucket are not set: servers share files and artifacts in an S3 store.\nOr --set files.store=claim,files.claim=<a PersistentVolumeClaim with ReadWriteMany>, or for trying out, on one server, --set files.store=ephemeral." -}}
{{- end -}}
{{- if and (eq $v.files.store "claim") (not $v.files.claim) -}}
  {{- fail "\n\nfiles.claim is not set: with --set files.store=claim it is the name of a PersistentVolumeClaim with ReadWriteMany in this namespace." -}}
{{- end -}}
{{- if and (eq $v.files.store "ephemeral") (or $v.server.autoscaling.enabled (gt (int $v.server.replicas) 1)) -}}
  {{- fail "\n\nfiles.store=ephemeral keeps files in one server's pod, so there can be one server: --set server.autoscaling.enabled=false,server.replicas=1. Several need files.store=s3 or claim." -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
  {{- fail "\n\ningress.hosts is empty: --set ingress.hosts[0]=seed.example.com" -}}
{{- end -}}
{{- if and $v.gateway.enabled (not $v.gateway.parentRefs) -}}
  {{- fail "\n\ngateway.parentRefs is empty: --set gateway.parentRefs[0].name=<your Gateway>" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.enabled) -}}
  {{- fail "\n\nmetrics.serviceMonitor.enabled needs --set metrics.enabled=true, and SEED_METRICS_TOKEN in the Secret." -}}
{{- end -}}
{{- include "seed.checkSecrets" . -}}
{{- end -}}

{{/* The command that makes the Secret, for these values. */}}
{{- define "seed.secretCommand" -}}
{{- $said := dict
  "DATABASE_URL" "'postgres://user:password@host:5432/seed'"
  "SEED_DATABASE_DIRECT_URL" "'postgres://user:password@host-without-pooler:5432/seed'"
  "SEED_RUNNER_TOKEN" "\"$(openssl rand -hex 32)\""
  "SEED_SECRETS_KEY" "\"$(openssl rand -hex 32)\""
  "SEED_METRICS_TOKEN" "\"$(openssl rand -hex 32)\""
  "SEED_ADMIN_KEY" "\"$(seed keys generate)\""
  "OPENROUTER_API_KEY" "'sk-or-…'"
  "SEED_S3_ACCESS_KEY_ID" "'…'"
  "SEED_S3_SECRET_ACCESS_KEY" "'…'" -}}
{{- $lines := list (printf "  kubectl create secret generic %s --namespace %s" (default "seed-secrets" .Values.secrets.name) .Release.Namespace) -}}
{{- range splitList " " (include "seed.serverKeys" .) -}}
  {{- if not (get $.Values.secrets.refs .) -}}
    {{- $lines = append $lines (printf "    --from-literal=%s=%s" . (get $said .)) -}}
  {{- end -}}
{{- end -}}
{{ join " \\\n" $lines }}
{{- end -}}

{{/*
Looks in the cluster, where there is one: `helm template` and client dry runs find nothing, not even the service
account that every namespace has.
*/}}
{{- define "seed.checkSecrets" -}}
{{- if and .Values.secrets.check (lookup "v1" "ServiceAccount" .Release.Namespace "default") -}}
  {{- $missing := list -}}
  {{- range splitList " " (include "seed.serverKeys" .) -}}
    {{- $ref := fromYaml (include "seed.secretRef" (dict "root" $ "key" .)) -}}
    {{- $secret := lookup "v1" "Secret" $.Release.Namespace $ref.name -}}
    {{- if not $secret -}}
      {{- $missing = append $missing (printf "  %s: there is no Secret %s in the namespace %s" . $ref.name $.Release.Namespace) -}}
    {{- else if not (hasKey (default dict $secret.data) $ref.key) -}}
      {{- $missing = append $missing (printf "  %s: the Secret %s has no key %s" . $ref.name $ref.key) -}}
    {{- end -}}
  {{- end -}}
  {{- if $missing -}}
    {{- fail (printf "\n\nSecrets are missing:\n%s\n\nThis makes one with all of them:\n\n%s\n\nIf something else will make them, --set secrets.check=false installs without looking." (join "\n" $missing) (include "seed.secretCommand" .)) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
