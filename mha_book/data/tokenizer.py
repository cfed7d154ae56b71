"""From text to numbers and back: subwords for real languages, whole words for the toy.

Subwords come from byte-pair encoding (Sennrich et al., 2016, section 3.2), which begins with single
characters and joins the most frequent neighbours until the vocabulary is full. The work is done by
the ``tokenizers`` library; this module fixes what it leaves open, so that every character seen in
training survives a round trip and no text can smuggle in a special token.
"""

from collections.abc import Iterable
from pathlib import Path

import tokenizers as hf
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers

from mha_book.data.special import BOS, EOS, PAD, SPECIAL, UNK

__all__ = ["Tokenizer"]

_SPACE = "▁"  # U+2581 stands for a space inside tokens


class Tokenizer:
    """One language's text to ids and back, without ``<bos>`` and ``<eos>``: batches add those.

    Ids 0 to 3 are ``<pad>``, ``<bos>``, ``<eos>`` and ``<unk>``; what no token covers becomes
    ``<unk>``, whatever it is. Equal training lines give equal ids, on every run and machine.

    Args:
        json: what :attr:`json` returned. To make a new one, use :meth:`subwords` or :meth:`words`.

    Raises:
        ValueError: this is no tokenizer, or one without our special tokens.

    >>> lines = ["low lower lowest", "slow slower slowest"]
    >>> tokenizer = Tokenizer.subwords(lines, vocab_size=18)
    >>> tokenizer.tokens("Slower, lower")
    ['▁', '<unk>', 'lowe', 'r', '<unk>', '▁lowe', 'r']
    >>> tokenizer.decode(tokenizer.encode("  slowest   low "))
    'slowest low'
    """

    def __init__(self, json: str) -> None:
        try:
            self._tokenizer = hf.Tokenizer.from_str(json)
        except Exception as error:  # the library raises no narrower type
            raise ValueError(f"json holds no tokenizer: {error}") from error
        found = tuple(map(self._tokenizer.id_to_token, range(len(SPECIAL))))
        if found != SPECIAL:
            raise ValueError(f"json begins with the tokens {found}, expected {SPECIAL}")
        self._tokenizer.encode_special_tokens = True  # "<eos>" in a text is five characters

    @classmethod
    def subwords(
        cls,
        lines: Iterable[str],
        vocab_size: int,
        *,
        spaced: bool = True,
        lowercase: bool = False,
    ) -> "Tokenizer":
        """Learn a vocabulary of characters and frequent sequences of them.

        Args:
            lines: sentences of the training split.
            vocab_size: number of tokens aimed at; fewer if no further pair occurs twice.
            spaced: whether words are set apart by spaces, so that a token may say that it begins
                one; False for Chinese.
            lowercase: whether capital letters are made small.

        Raises:
            ValueError: the characters of the lines alone need more than ``vocab_size`` tokens.
        """
        tokenizer = hf.Tokenizer(models.BPE(unk_token=SPECIAL[UNK]))
        tokenizer.normalizer = _normalizer(lowercase)
        scheme = "always" if spaced else "never"
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Metaspace(_SPACE, prepend_scheme=scheme),
                pre_tokenizers.Punctuation("isolated"),
            ]
        )
        tokenizer.decoder = decoders.Metaspace(_SPACE, prepend_scheme=scheme)
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=2,
            special_tokens=list(SPECIAL),
            show_progress=False,
        )
        tokenizer.train_from_iterator(map(_encodable, lines), trainer)
        if tokenizer.get_vocab_size() > vocab_size:
            raise ValueError(
                f"vocab_size={vocab_size} is too small: {tokenizer.get_vocab_size()} tokens are "
                "needed for the characters alone"
            )
        return cls(tokenizer.to_str())

    @classmethod
    def words(cls, lines: Iterable[str]) -> "Tokenizer":
        """Take every word between spaces as one token, the most frequent first.

        >>> Tokenizer.words(["the dog sees the cat"]).encode("the cow sees")
        [4, 3, 7]
        """
        tokenizer = hf.Tokenizer(models.WordLevel({}, unk_token=SPECIAL[UNK]))
        tokenizer.normalizer = _normalizer(lowercase=False)
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        trainer = trainers.WordLevelTrainer(
            vocab_size=1 << 30, special_tokens=list(SPECIAL), show_progress=False
        )
        tokenizer.train_from_iterator(map(_encodable, lines), trainer)
        return cls(tokenizer.to_str())

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def normalise(self, text: str) -> str:
        """The text as a round trip returns it: NFC, single spaces, none at the ends.

        >>> Tokenizer.words([]).normalise("  a   b ")
        'a b'
        """
        return self._tokenizer.normalizer.normalize_str(_encodable(text))

    def encode(self, text: str) -> list[int]:
        """The ids of a text; none for an empty one."""
        return self.encode_all([text])[0]

    def encode_all(self, texts: Iterable[str]) -> list[list[int]]:
        """The ids of many texts, faster than one by one."""
        encoded = self._tokenizer.encode_batch(
            list(map(_encodable, texts)), add_special_tokens=False
        )
        # Whole words may be spelt like a special token; nobody can ask for one by writing it.
        return [[i if i > EOS else UNK for i in one.ids] for one in encoded]

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text as strings, with ``▁`` for a space."""
        return [SPECIAL[UNK] if i == UNK else self.token(i) for i in self.encode(text)]

    def unknown(self, text: str) -> list[str]:
        """The parts of a text that become ``<unk>``, each once: characters, or whole words.

        >>> Tokenizer.words(["the dog sees the cat"]).unknown("the cow sees the horse")
        ['cow', 'horse']
        """
        text = _encodable(text)
        found = self._tokenizer.encode(text, add_special_tokens=False)
        parts = [text[a:b] for i, (a, b) in zip(found.ids, found.offsets, strict=True) if i == UNK]
        return [part for part in dict.fromkeys(parts) if part.strip()]

    def token(self, i: int) -> str:
        """The token with the id ``i``.

        Raises:
            ValueError: there is none.
        """
        token = self._tokenizer.id_to_token(i) if i >= 0 else None
        if token is None:
            raise ValueError(f"id {i} must lie between 0 and {len(self) - 1}")
        return token

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ids up to the first ``<eos>``, with ``<unk>`` where a character is unknown.

        Raises:
            ValueError: an id is outside of the vocabulary.
        """
        kept = []
        for i in map(int, ids):
            if i == EOS:
                break
            self.token(i)
            if i not in (PAD, BOS):
                kept.append(i)
        return self._tokenizer.decode(kept, skip_special_tokens=False)

    @property
    def json(self) -> str:
        """Everything about this tokenizer as JSON text, as the library itself writes it."""
        return self._tokenizer.to_str(pretty=True)

    def save(self, path: Path | str) -> None:
        """Write the JSON to a file, which appears only when it is whole."""
        path = Path(path)
        part = path.with_name(f"{path.name}.part")
        part.write_text(self.json, encoding="utf-8")
        part.replace(path)

    @classmethod
    def load(cls, path: Path | str) -> "Tokenizer":
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: the file holds no tokenizer of ours; the message names it.
        """
        try:
            return cls(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def _normalizer(lowercase: bool) -> normalizers.Normalizer:
    """NFC and single spaces; the sign for a space inside tokens counts as one."""
    steps: list[normalizers.Normalizer] = [normalizers.Lowercase()] if lowercase else []
    steps += [normalizers.Replace(_SPACE, " "), normalizers.NFC()]
    steps += [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    return normalizers.Sequence(steps)


def _encodable(text: str) -> str:
    """The text with "?" for halves of surrogate pairs, which no encoding of Unicode allows."""
    return text.encode("utf-8", "replace").decode()
