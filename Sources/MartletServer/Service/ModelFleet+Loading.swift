/// How models come and go. One is loaded or put away at a time, in the order in which they were asked for.

import Martlet
import MartletJSON

extension ModelFleet {
    /// Serves those who wait, in order, as far as there is room.
    func arrange() async {
        guard !isArranging else { return }
        isArranging = true
        defer { isArranging = false }
        while let next = waiters.first {
            let place = next.wish.place
            if let model = places[place].model {
                waiters.serve(next.id) { take(place, model) }
                continue
            }
            guard !places[place].isLeaving else { return }
            do throws(WireError) {
                let isLoaded = try await bring(place)
                settleOverdue(place)
                guard isLoaded else {
                    // Somebody else may have come to be the first.
                    if let first = waiters.first, first.id != next.id { continue }
                    return
                }
            } catch {
                // Whoever waits for the same hears the same; the next request tries again.
                for waiter in waiters.all where waiter.wish.place == place {
                    waiters.refuse(waiter.id, error)
                }
            }
        }
    }

    /// Serves those who stand behind a model that is being loaded, and whose own is loaded: nothing is in their way.
    private func serveLoaded() {
        for waiter in waiters.all where !waiter.isBackground {
            guard let model = places[waiter.wish.place].model else { continue }
            waiters.serve(waiter.id) { take(waiter.wish.place, model) }
        }
    }

    /// Serves those whose time was over while their model was being loaded, or refuses them where it turned out too large
    /// for now.
    private func settleOverdue(_ place: Int) {
        for waiter in waiters.all where waiter.wish.place == place {
            guard waiter.since.duration(to: .now) >= waiter.wish.patience else { continue }
            if let model = places[place].model {
                waiters.serve(waiter.id) { take(place, model) }
            } else {
                waiters.refuse(waiter.id, isBusy(waiter.wish))
            }
        }
    }

    /// Loads a model where there is room, after others were put away for it; false where answers hold the bytes. Throws
    /// `unavailable` where it can never have room, and what loading throws.
    private func bring(_ place: Int) async throws(WireError) -> Bool {
        let kept = places.indices.reduce(0) {
            $0 + ($1 != place && places[$1].entry.isKept ? places[$1].bytes : 0)
        }
        let most = budgetBytes - kept
        let bytes = try reserved(place, most: most)
        guard await makeRoom(bytes, for: place) else { return false }
        places[place].bytes = bytes
        let entry = places[place].entry
        let model: ServedModel
        loading = place
        serveLoaded()
        let start = ContinuousClock.now
        do throws(MartletError) { model = try await entry.load() } catch {
            loading = nil
            places[place].bytes = 0
            throw WireError(
                .failure, "\(names[place][0]): the model could not be loaded: \(error.message)",
                code: "model_not_loaded")
        }
        loading = nil
        places[place].loadTime = start.duration(to: .now)
        places[place].loads += 1
        places[place].knownBytes = model.bytes
        if model.bytes > bytes {
            // It turned out larger than its files let expect.
            guard await makeRoom(model.bytes, for: place) else {
                await model.shutdown()
                places[place].bytes = 0
                return try await bring(place)
            }
        }
        places[place].bytes = model.bytes
        places[place].model = model
        return true
    }

    /// Bytes to count while a model is loaded: what it took before, else what its files let expect and an eighth more.
    private func reserved(_ place: Int, most: Int) throws(WireError) -> Int {
        let known = places[place].knownBytes
        let least = known ?? places[place].entry.estimatedBytes() ?? 0
        guard least <= most else {
            throw WireError(
                .unavailable,
                "\(names[place][0]): its weights and its cache take \(least) bytes, and the server has \(most) for models "
                    + "that are not kept; ask for another model, or start the server with a larger --memory.",
                code: "model_too_large",
                details: .init(present: [
                    "needed_bytes": .integer(least), "available_bytes": .integer(most),
                ]), retryAfter: 60)
        }
        return known ?? min(most, least + least / 8)
    }

    /// Puts away what was not used for longest until a model has room; false where answers are in the way, and then nothing
    /// is put away.
    private func makeRoom(_ bytes: Int, for place: Int) async -> Bool {
        let others = places.indices.filter { $0 != place }
        let stays = others.filter { !isIdle($0) }.reduce(0) { $0 + places[$1].bytes }
        guard stays + bytes <= budgetBytes else { return false }
        while others.reduce(0, { $0 + places[$1].bytes }) + bytes > budgetBytes {
            let idle = others.filter { isIdle($0) && places[$0].model != nil }
            guard let oldest = idle.min(by: { places[$0].lastUse < places[$1].lastUse }) else {
                return false
            }
            await putAway(oldest)
        }
        return true
    }

    private func isIdle(_ place: Int) -> Bool {
        places[place].uses == 0 && !places[place].entry.isKept
    }

    /// Puts a model away whose answers have ended.
    func putAway(_ place: Int) async {
        guard isIdle(place), let model = places[place].model else { return }
        // From here on nobody gets it; its bytes are counted until they are free.
        places[place].model = nil
        places[place].keepAlive = nil
        clearTimer(place)
        places[place].leaving = model
        await model.shutdown()
        let work = await model.shares?.work() ?? EngineWork()
        places[place].earlierWork = places[place].earlierWork + work
        places[place].bytes = 0
        places[place].leaving = nil
    }
}
