/// The tokenizer's own stream decoder already speaks the loop's small language.

public import MartletTokenizers

extension StreamDecoder: TextDecoding {}
