/// The laws that sweeps allow, one for each method and codec.

package import Martlet
package import MartletFormats

/// A scaling law of each method of some sweeps, with how well it foretells what it was not fitted to.
public struct FrontierLaws: Sendable {
    /// One method under one codec.
    public struct Entry: Sendable, Hashable {
        /// The method.
        public let method: String
        /// How keys and values are stored.
        public let codec: String
        /// The cells, those of the dense cache among them.
        public let observations: [ScalingObservation]
        /// The law of all cells.
        public let law: ScalingLaw
        /// What is foretold of the greatest size, length and compression, as far as these have three values or more.
        public let holdOuts: [ScalingHoldOut]
    }

    /// What lengths are.
    public let length: ScalingLength
    /// Chains that vote.
    public let width: Int
    /// In the order in which methods first come.
    public let entries: [Entry]

    /// Fits the laws of sweeps that may be of several models and prompts.
    ///
    /// Throws `invalidParameter` where nothing compressed was measured at this width.
    package init(
        _ sweeps: [FrontierResults], width: Int, length: ScalingLength
    ) throws(MartletError) {
        var (methods, codecs): ([String], [String]) = ([], [])
        for sweep in sweeps {
            methods += sweep.scaledMethods.filter { !methods.contains($0) }
            codecs += sweep.codecs.filter { !codecs.contains($0) }
        }
        entries = methods.flatMap { method in
            codecs.compactMap { codec -> Entry? in
                // A sweep without the method says nothing of it, and its dense cells would pass for the method's.
                let own = sweeps.filter { $0.scaledMethods.contains(method) }
                var seen: Set<String> = []
                let cells = own.flatMap {
                    $0.observations(
                        of: method, codec: codec, width: width, length: length, besides: &seen)
                }
                guard cells.contains(where: { $0.compression != 1 }), let law = ScalingLaw(cells)
                else { return nil }
                return Entry(
                    method: method, codec: codec, observations: cells, law: law,
                    holdOuts: ScalingAxis.allCases.compactMap { ScalingHoldOut(cells, axis: $0) })
            }
        }
        guard !entries.isEmpty else {
            let widths = Set(sweeps.flatMap(\.plan.widths)).sorted().map(String.init)
            throw MartletError(
                code: .invalidParameter, subject: "width",
                message:
                    "width: got \(width), and no method that compresses was measured with so many chains; measured are "
                    + widths.joined(separator: ", "))
        }
        self.length = length
        self.width = width
    }

    /// For programs.
    package var json: JSONValue {
        [
            "length": .string(length.rawValue), "width": .integer(width),
            "laws": .array(entries.map(Self.json)),
        ]
    }

    private static func json(_ entry: Entry) -> JSONValue {
        let slopes = ScalingAxis.allCases.compactMap { axis in
            entry.law.slopes[axis].map { slope in
                JSONObject.Member(
                    key: axis.rawValue,
                    value: ["slope": .number(slope.value), "error": .number(slope.error)])
            }
        }
        let offsets = entry.law.offsets.sorted { $0.key < $1.key }.map {
            JSONObject.Member(key: $0.key, value: .number($0.value))
        }
        return [
            "method": .string(entry.method), "codec": .string(entry.codec),
            "cells": .integer(entry.observations.count),
            "slopes": .object(JSONObject(slopes)), "offsets": .object(JSONObject(offsets)),
            "heldOut": .array(
                entry.holdOuts.map { each in
                    [
                        "axis": .string(each.axis.rawValue), "value": .number(each.value),
                        "cells": .integer(each.count), "error": .number(each.error),
                        "errorWithout": .number(each.errorWithout),
                        "chance": .number(each.chance),
                        "determination": each.determination.map { .number($0) } ?? .null,
                    ]
                }),
        ]
    }
}
