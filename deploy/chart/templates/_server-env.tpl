{{/* A server's environment: docs/running.md has every variable. */}}
{{- define "seed.serverEnv" -}}
{{- $v := .Values -}}
- name: HOST
  value: 0.0.0.0
- name: PORT
  value: "3210"
{{ include "seed.folderEnv" . }}
- name: SEED_MIGRATIONS
  value: wait
# What keeps a server small that large bodies go through.
- name: MALLOC_ARENA_MAX
  value: "2"
- name: NODE_OPTIONS
  value: --max-semi-space-size=8
{{ include "seed.packsEnv" . }}
{{- with $v.publicUrl }}
- name: SEED_PUBLIC_URL
  value: {{ . | quote }}
{{- end }}
{{- with $v.basePath }}
- name: SEED_BASE_PATH
  value: {{ . | quote }}
{{- end }}
{{- with $v.server.trustedProxies }}
- name: SEED_TRUSTED_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- if eq $v.model.upstream "compatible" }}
- name: SEED_LLM_BASE_URL
  value: {{ $v.model.baseUrl | quote }}
{{- end }}
{{- with $v.model.names }}
- name: SEED_LLM_MODEL
  value: {{ join "," . | quote }}
{{- end }}
{{- with $v.model.allowed }}
- name: SEED_LLM_ALLOWED_MODELS
  value: {{ join "," . | quote }}
{{- end }}
{{- if eq $v.files.store "s3" }}
- name: SEED_S3_ENDPOINT
  value: {{ $v.files.s3.endpoint | quote }}
- name: SEED_S3_BUCKET
  value: {{ $v.files.s3.bucket | quote }}
- name: SEED_S3_REGION
  value: {{ $v.files.s3.region | quote }}
{{- end }}
{{- include "seed.secretEnv" (dict "root" . "keys" (splitList " " (include "seed.serverKeys" .))) }}
{{- if eq $v.model.upstream "compatible" }}
{{- include "seed.secretEnv" (dict "root" . "keys" (list "SEED_LLM_API_KEY") "optional" true) }}
{{- end }}
{{- with $v.server.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where it writes: nowhere else can be written. */}}
{{- define "seed.folderEnv" -}}
- name: HOME
  value: /tmp
- name: SEED_DATA_DIR
  value: /data
- name: SEED_CACHE_DIR
  value: /data/cache
{{- end -}}

{{/* Of servers and of the migration, which makes the packs' tables. */}}
{{- define "seed.packsEnv" -}}
- name: SEED_LOG_LEVEL
  value: {{ .Values.logLevel }}
{{- with .Values.packs }}
- name: SEED_PACKS
  value: {{ . | quote }}
{{- end }}
{{- end -}}
