/// A batch as its tenant sees it, and as it is stored.

import Martlet
import MartletJSON

/// The state of a batch.
struct BatchRecord: Sendable {
    /// Where a batch is in its life.
    enum Status: String, Sendable {
        case validating, failed, finalizing, completed, expired, cancelling, cancelled
        case inProgress = "in_progress"

        /// Whether nothing happens any more.
        var isFinal: Bool { !Self.open.contains(self) }

        /// Those in which something may still happen.
        static let open: Set<Status> = [.validating, .inProgress, .finalizing, .cancelling]
    }

    let id: String
    let tenant: String
    let endpoint: String
    let inputFile: String
    let window: String
    let created: Int
    let expires: Int
    let metadata: JSONValue
    /// Seconds after which its files go; nil for never.
    let outputLifetime: Int?
    private(set) var status = Status.validating
    /// When it came to each state, in seconds since 1970.
    private var times: [String: Int] = [:]
    var faults: [BatchFault] = []
    var progress = BatchProgress()
    var outputFile: String?
    var errorFile: String?
    /// The model that answers.
    var model: String?

    init(
        tenant: String, endpoint: String, inputFile: String, window: String, seconds: Int,
        metadata: JSONValue, outputLifetime: Int?, at now: Int
    ) {
        id = "batch_" + Identifier.random()
        self.tenant = tenant
        self.endpoint = endpoint
        self.inputFile = inputFile
        self.window = window
        self.metadata = metadata
        self.outputLifetime = outputLifetime
        created = now
        expires = now + seconds
    }

    /// Comes to a state.
    mutating func enter(_ status: Status, at now: Int) {
        self.status = status
        times[status.rawValue] = now
    }

    // MARK: As JSON

    /// As OpenAI's API shows it.
    var json: JSONObject {
        func time(_ status: Status) -> JSONValue {
            times[status.rawValue].map { .integer($0) } ?? .null
        }
        return JSONObject([
            .init(key: "id", value: .string(id)), .init(key: "object", value: "batch"),
            .init(key: "endpoint", value: .string(endpoint)),
            .init(key: "model", value: model.map { .string($0) } ?? .null),
            .init(
                key: "errors",
                value: faults.isEmpty
                    ? .null : ["object": "list", "data": .array(faults.map(\.json))]),
            .init(key: "input_file_id", value: .string(inputFile)),
            .init(key: "completion_window", value: .string(window)),
            .init(key: "status", value: .string(status.rawValue)),
            .init(key: "output_file_id", value: outputFile.map { .string($0) } ?? .null),
            .init(key: "error_file_id", value: errorFile.map { .string($0) } ?? .null),
            .init(key: "created_at", value: .integer(created)),
            .init(key: "in_progress_at", value: time(.inProgress)),
            .init(key: "expires_at", value: .integer(expires)),
            .init(key: "finalizing_at", value: time(.finalizing)),
            .init(key: "completed_at", value: time(.completed)),
            .init(key: "failed_at", value: time(.failed)),
            .init(key: "expired_at", value: time(.expired)),
            .init(key: "cancelling_at", value: time(.cancelling)),
            .init(key: "cancelled_at", value: time(.cancelled)),
            .init(
                key: "request_counts",
                value: [
                    "total": .integer(progress.total), "completed": .integer(progress.completed),
                    "failed": .integer(progress.failed),
                ]),
            .init(key: "usage", value: progress.totalUsage.json),
            .init(key: "metadata", value: metadata),
            // What the tree of its prompts saves.
            .init(
                key: "martlet",
                value: [
                    "prompt_tokens": .integer(progress.promptTokens),
                    "tree_tokens": .integer(progress.treeTokens),
                    "computed_tokens": .integer(
                        progress.usage.promptTokens - progress.usage.cachedTokens),
                    "reused_tokens": .integer(progress.usage.cachedTokens),
                ]),
        ])
    }

    /// As it is stored: what is shown, and whose it is.
    var stored: JSONObject {
        json.setting("tenant", to: .string(tenant))
            .setting("output_lifetime", to: outputLifetime.map { .integer($0) } ?? .null)
    }

    private static func bounded(_ count: Int) -> Int {
        min(max(count, AnswerUsage.bounds.lowerBound), AnswerUsage.bounds.upperBound)
    }

    private static func count(_ value: JSONValue?) -> Int { bounded(value?.intValue ?? 0) }

    /// Reads what was stored; nil where that is none.
    init?(_ stored: JSONObject) {
        guard let id = stored["id"]?.stringValue, let tenant = stored["tenant"]?.stringValue,
            let endpoint = stored["endpoint"]?.stringValue,
            let input = stored["input_file_id"]?.stringValue,
            let window = stored["completion_window"]?.stringValue,
            let created = stored["created_at"]?.intValue, AnswerUsage.bounds.contains(created),
            let expires = stored["expires_at"]?.intValue, AnswerUsage.bounds.contains(expires),
            let status = stored["status"]?.stringValue.flatMap(Status.init(rawValue:))
        else { return nil }
        self.id = id
        self.tenant = tenant
        self.endpoint = endpoint
        inputFile = input
        self.window = window
        self.created = created
        self.expires = expires
        self.status = status
        metadata = stored["metadata"] ?? .null
        outputLifetime = stored["output_lifetime"]?.intValue.map(Self.bounded)
        outputFile = stored["output_file_id"]?.stringValue
        errorFile = stored["error_file_id"]?.stringValue
        model = stored["model"]?.stringValue
        for member in stored.members where member.key.hasSuffix("_at") {
            let name = String(member.key.dropLast(3))
            if let time = member.value.intValue, Status(rawValue: name) != nil {
                times[name] = time
            }
        }
        let counts = stored["request_counts"]?.objectValue
        progress.total = Self.count(counts?["total"])
        progress.completed = Self.count(counts?["completed"])
        progress.failed = Self.count(counts?["failed"])
        let own = stored["martlet"]?.objectValue
        progress.promptTokens = Self.count(own?["prompt_tokens"])
        progress.treeTokens = Self.count(own?["tree_tokens"])
        progress.usage.cachedTokens = Self.count(own?["reused_tokens"])
        progress.usage.promptTokens =
            progress.usage.cachedTokens + Self.count(own?["computed_tokens"])
        let usage = stored["usage"]?.objectValue
        progress.totalUsage.promptTokens = Self.count(usage?["input_tokens"])
        progress.totalUsage.completionTokens = Self.count(usage?["output_tokens"])
        progress.totalUsage.cachedTokens =
            Self.count(usage?["input_tokens_details"]?.objectValue?["cached_tokens"])
        for fault in stored["errors"]?.objectValue?["data"]?.arrayValue ?? [] {
            guard let fault = fault.objectValue else { continue }
            faults.append(
                BatchFault(
                    code: fault["code"]?.stringValue ?? "",
                    message: fault["message"]?.stringValue ?? "",
                    param: fault["param"]?.stringValue, line: fault["line"]?.intValue))
        }
    }
}
