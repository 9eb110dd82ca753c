/// What a file of records says of itself in its first line; reads and writes no file but the models that it names.

import Martlet
public import MartletFormats

/// The first line of a file of records: what was run, on what, by which command.
///
/// A run may be continued only by one with the same settings, or figures of two runs would stand in one file. The
/// command is there to be read: it may differ in how it was spelt.
public struct RunHeader: Sendable {
    /// What kind of run it is: `evaluation` or `frontier`.
    public var run: String
    /// What changes an answer or a figure, in order.
    public var settings: [(key: String, value: JSONValue)]
    /// The models with their files' SHA-256; see ``ModelDigest``.
    public var models: [ModelDigest]
    /// The command, for readers.
    public var command: String

    /// Describes a run.
    public init(
        run: String, models: [ModelDigest], settings: [(key: String, value: JSONValue)],
        command: String
    ) {
        self.run = run
        self.models = models
        self.command = command
        self.settings = settings
    }

    /// The line.
    public var json: JSONObject {
        var named: [String: ModelDigest] = [:]
        for model in models { named[model.name] = model }
        let fixed: [JSONObject.Member] = [
            .init(key: "martlet", value: .string(MartletVersion.current)),
            .init(key: "run", value: .string(run)),
            .init(
                key: "models",
                value: .object(
                    JSONObject(
                        named.values.sorted { $0.name < $1.name }.map {
                            .init(key: $0.name, value: .object($0.json))
                        }))),
            .init(key: "machine", value: .string(MachineReport.name)),
        ]
        return JSONObject(
            fixed + settings.map { .init(key: $0.key, value: $0.value) } + [
                .init(key: "command", value: .string(command))
            ])
    }

    /// The first key but `command` in which two headers differ; nil when one may continue the other.
    static func difference(_ one: JSONObject, _ other: JSONObject) -> String? {
        let keys = one.keys + other.keys.filter { one[$0] == nil }
        return keys.first { $0 != "command" && one[$0] != other[$0] }
    }
}
