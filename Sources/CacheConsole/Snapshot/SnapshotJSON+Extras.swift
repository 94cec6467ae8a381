import ConsoleModel
import Documents

extension SnapshotJSON {
  /// What not every server offers; lists are left out where there is nothing.
  static func extras(_ extras: NodeExtras, _ json: inout JSONWriter) {
    if !extras.largeCommands.isEmpty {
      list(&json, "large_commands", extras.largeCommands) { json, command in
        json.field("kind", command.kind.rawValue)
        json.field("bytes", command.bytes)
        json.field("id", command.entry.id)
        json.field("at", CivilTime.rfc3339(command.entry.at))
        json.key("arguments")
        arguments(command.entry.arguments, &json)
        json.field("client", command.entry.client)
        json.field("client_name", command.entry.clientName)
      }
    }
    if !extras.busySlots.isEmpty {
      list(&json, "busy_slots", extras.busySlots) { json, slot in
        json.field("slot", slot.slot)
        json.field("keys", slot.keys)
        json.field("cpu_us", slot.microseconds)
        json.field("network_bytes", slot.networkBytes)
      }
    }
    if !extras.keySizes.isEmpty {
      list(&json, "key_sizes", extras.keySizes) { json, sizes in
        json.field("database", UInt64(clamping: sizes.database))
        json.field("type", sizes.type)
        json.field("unit", sizes.isBytes ? "bytes" : "elements")
        list(&json, "buckets", sizes.buckets) { json, bucket in
          json.field("at_least", bucket.atLeast)
          json.field("keys", bucket.keys)
        }
      }
    }
  }
}
