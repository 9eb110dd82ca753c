/// Which requests a server is measured with, and when they come.

import ArgumentParser
import Martlet
import MartletEvaluation

/// A recorded or a made workload.
struct WorkloadArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file of recorded requests (Azure's or Vidur's tables, Mooncake's or LLMServingSim's lines). Without it "
                + "requests are of one length.",
            valueName: "file"))
    var trace: String?

    @Option(help: "Requests; of a trace the first so many. Default: 32.")
    var requests = 32

    @Option(help: "Tokens of each prompt; of a trace the most. Default: 256, or 2048.")
    var promptTokens: Int?

    @Option(help: "Tokens of each answer; of a trace the most. Default: 64, or 256.")
    var completionTokens: Int?

    @Option(help: "Tokens that all prompts begin with, where there is no trace.")
    var sharedPrefix: Int?

    @Option(
        help: ArgumentHelp(
            "Requests a second, at random (Poisson). Default: as recorded; without a trace all at once.",
            valueName: "number"))
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "The gaps' deviation over their mean; 1 is a Poisson process, more comes in bursts.",
            valueName: "number"))
    var burstiness: Double?

    @Option(
        help: ArgumentHelp(
            "A trace comes so many times as fast as it was recorded.", valueName: "number"))
    var speed: Double?

    @Option(
        help: ArgumentHelp(
            "The most requests under way; those that wait are sent when others end.",
            valueName: "count"))
    var concurrency: Int?

    private static let sizes = 1...(1 << 20)

    func validate() throws {
        for (name, value) in [
            ("--requests", requests), ("--prompt-tokens", promptTokens),
            ("--completion-tokens", completionTokens), ("--concurrency", concurrency),
        ] {
            if let value, !Self.sizes.contains(value) {
                throw ValidationError(
                    "\(name) is \(value), expected 1 to \(Self.sizes.upperBound).")
            }
        }
        for (name, value) in [("--rate", rate), ("--speed", speed), ("--burstiness", burstiness)] {
            if let value, !(value.isFinite && (1e-4...1e6).contains(value)) {
                throw ValidationError("\(name) is \(value), expected 0.0001 to 1000000.")
            }
        }
        if burstiness != nil, rate == nil { throw ValidationError("--burstiness needs --rate.") }
        if speed != nil, trace == nil || rate != nil {
            throw ValidationError("--speed needs --trace, and no --rate.")
        }
        if let sharedPrefix {
            if trace != nil {
                throw ValidationError("--shared-prefix is for requests without --trace.")
            }
            guard (1..<(promptTokens ?? 256)).contains(sharedPrefix) else {
                throw ValidationError(
                    "--shared-prefix is \(sharedPrefix), expected 1 to less than --prompt-tokens.")
            }
        }
    }

    /// The requests with the times of their arrivals.
    func workload(seed: UInt64) throws -> Workload {
        guard let trace else {
            let made = Workload(
                requests: requests, prompt: promptTokens ?? 256,
                completion: completionTokens ?? 64, shared: sharedPrefix ?? 0)
            return arriving(made, seed: seed)
        }
        let recorded = try Workload(file: trace).limited(
            to: requests, prompt: promptTokens ?? 2048, completion: completionTokens ?? 256)
        return arriving(recorded, seed: seed)
    }

    private func arriving(_ workload: Workload, seed: UInt64) -> Workload {
        if let rate { return workload.arriving(rate: rate, burstiness: burstiness, seed: seed) }
        return workload.arriving(.recorded(speed: speed ?? 1), seed: seed)
    }
}

extension Workload {
    /// The same requests at random times.
    func arriving(rate: Double, burstiness: Double?, seed: UInt64) -> Workload {
        arriving(.random(rate: rate, burstiness: burstiness ?? 1), seed: seed)
    }
}
