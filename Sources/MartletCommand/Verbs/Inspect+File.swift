/// What `martlet inspect --metadata` prints.

import Martlet
import MartletFormats

extension Inspect {
    func printListing(_ file: FileListing) {
        guard !json else { return printJSON(file) }
        var text = Columns.pair(
            "format", file.version.map { "GGUF, version \($0)" } ?? "a directory")
        for key in file.keys {
            if file.version == nil, let object = key.value.objectValue {
                text += "\(key.name):\n"
                for member in object.members {
                    text += Columns.pair(
                        "  " + printable(member.key), excerpt(Self.words(member.value)))
                }
            } else {
                text += Columns.pair(printable(key.name), Self.words(key.value))
            }
        }
        for type in file.types {
            text += Columns.pair(
                type.type, "\(type.count) tensors, \(Columns.bytes(type.bytes))")
        }
        for tensor in file.tensors {
            text += Columns.pair(
                printable(tensor.name),
                "\(tensor.type) [\(tensor.shape.map(String.init).joined(separator: ", "))], "
                    + Columns.bytes(tensor.bytes))
        }
        if let template = file.template {
            let lines = template.split(separator: "\n", omittingEmptySubsequences: false)
            text += "chat template:\n" + lines.map { printable(String($0)) + "\n" }.joined()
        }
        StandardStreams.write(text)
    }

    private static func words(_ value: JSONValue) -> String {
        if let object = value.objectValue, let count = object["count"]?.intValue {
            let first = object["first"]?.arrayValue?.map(words).joined(separator: ", ") ?? ""
            return "\(count): \(first), …"
        }
        return value.stringValue.map { excerpt($0) }
            ?? String(decoding: value.serialized(), as: UTF8.self)
    }

    private func printJSON(_ file: FileListing) {
        var keys = JSONLine()
        for key in file.keys { keys.set(key.name, key.value) }
        var line = JSONLine()
        line.set("model", model)
        line.set("version", file.version.map { .integer($0) } ?? .null)
        line.set("metadata", keys.value)
        line.set(
            "tensors",
            .array(
                file.tensors.map { tensor in
                    var line = JSONLine()
                    line.set("name", tensor.name)
                    line.set("type", tensor.type)
                    line.set("shape", .array(tensor.shape.map { .integer($0) }))
                    line.set("bytes", tensor.bytes)
                    return line.value
                }))
        line.set("template", file.template.map { .string($0) } ?? .null)
        line.print()
    }
}
