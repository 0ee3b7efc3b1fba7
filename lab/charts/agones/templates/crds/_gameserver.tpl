{{- /* The parts of the schema that Fleet, GameServerSet and GameServer share. */ -}}

{{- define "gameserver.template" -}}
type: object
required: [spec]
properties:
  metadata:
    type: object
    properties:
      labels:
        type: object
        additionalProperties: {type: string}
      annotations:
        type: object
        additionalProperties: {type: string}
  spec:
    {{- include "gameserver.spec" . | nindent 4 }}
{{- end }}

{{- define "gameserver.spec" -}}
type: object
required: [template]
properties:
  container: {type: string}
  ports:
    type: array
    items:
      type: object
      properties:
        name: {type: string}
        container: {type: string}
        range: {type: string}
        portPolicy:
          type: string
          enum: [Dynamic, Static, Passthrough, None]
        protocol:
          type: string
          enum: [UDP, TCP, TCPUDP]
        containerPort: {type: integer, minimum: 0, maximum: 65535}
        hostPort: {type: integer, minimum: 0, maximum: 65535}
  health:
    type: object
    properties:
      disabled: {type: boolean}
      initialDelaySeconds: {type: integer, minimum: 0}
      periodSeconds: {type: integer, minimum: 0}
      failureThreshold: {type: integer, minimum: 0}
  scheduling:
    type: string
    enum: [Packed, Distributed]
  sdkServer:
    type: object
    properties:
      logLevel:
        type: string
        enum: [Error, Info, Debug, Trace]
      grpcPort: {type: integer, minimum: 1, maximum: 65535}
      httpPort: {type: integer, minimum: 1, maximum: 65535}
  eviction:
    type: object
    properties:
      safe:
        type: string
        enum: [Always, OnUpgrade, Never]
  counters:
    type: object
    nullable: true
    maxProperties: 1000
    additionalProperties:
      type: object
      properties:
        count: {type: integer, minimum: 0, default: 0}
        capacity: {type: integer, minimum: 0, default: 1000}
  lists:
    type: object
    nullable: true
    maxProperties: 1000
    additionalProperties:
      type: object
      properties:
        capacity: {type: integer, minimum: 0, maximum: 1000, default: 1000}
        values:
          type: array
          x-kubernetes-list-type: set
          items: {type: string}
  immutableReplicas: {type: integer, minimum: 1, maximum: 1, default: 1}
  template:
    type: object
    required: [spec]
    properties:
      metadata:
        type: object
        x-kubernetes-preserve-unknown-fields: true
      spec:
        type: object
        required: [containers]
        x-kubernetes-preserve-unknown-fields: true
        properties:
          containers:
            type: array
            items:
              type: object
              required: [name]
              x-kubernetes-preserve-unknown-fields: true
              properties:
                name: {type: string}
          initContainers:
            type: array
            items:
              type: object
              required: [name]
              x-kubernetes-preserve-unknown-fields: true
              properties:
                name: {type: string}
{{- end }}

{{- define "agones.allocationOverflow" -}}
type: object
nullable: true
properties:
  labels:
    type: object
    additionalProperties: {type: string}
  annotations:
    type: object
    additionalProperties: {type: string}
{{- end }}

{{- define "agones.priorities" -}}
type: array
nullable: true
items:
  type: object
  properties:
    type:
      type: string
      enum: [Counter, List]
    key: {type: string}
    order:
      type: string
      default: Ascending
      enum: [Ascending, Descending]
{{- end }}

{{- define "agones.aggregates" -}}
counters:
  type: object
  nullable: true
  additionalProperties:
    type: object
    properties: &figures
      allocatedCount: {type: integer}
      allocatedCapacity: {type: integer}
      count: {type: integer}
      capacity: {type: integer}
lists:
  type: object
  nullable: true
  additionalProperties:
    type: object
    properties: *figures
{{- end }}
