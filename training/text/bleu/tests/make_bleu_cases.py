#!/usr/bin/env python3
"""Writes bleu_cases.json: small corpora with the scores that sacrebleu gives them.

    pip install sacrebleu==2.6.0 && python3 make_bleu_cases.py > bleu_cases.json

The segments were made up for this file. The output is the same on every run of one version.
"""

import json
import random
import sys

import sacrebleu
from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

CORPORA = {
    "equal": (["The cat sat on the mat."], ["The cat sat on the mat."]),
    "nothing in common": (["alpha beta gamma delta"], ["one two three four"]),
    "one unigram in common": (["alpha beta gamma four"], ["one two three four"]),
    "smoothing of 3-grams and 4-grams": (["a b x c d y e f"], ["a b z c d w e f"]),
    "hypothesis shorter": (["The cat sat"], ["The cat sat on the mat ."]),
    "hypothesis longer": (["The cat sat on the mat . And it slept ."], ["The cat sat on the mat ."]),
    "no hypothesis of four tokens": (["The cat", "sat"], ["The cat", "sat"]),
    "three tokens and four tokens": (["The cat sat", "on the mat ."], ["The cat sat", "on the mat ."]),
    "empty hypothesis": ([""], ["The cat sat on the mat."]),
    "empty reference": (["The cat sat on the mat."], [""]),
    "both empty": ([""], [""]),
    "empty lines among others": (
        ["", "A dog runs in the snow.", " ", "Two men talk."],
        ["A man.", "A dog runs in the deep snow.", "", "Two men are talking."],
    ),
    "clipped counts": (["the the the the the the the"], ["The cat is on the mat the"]),
    "case": (["the Cat sat on the MAT ."], ["The cat sat on the mat ."]),
    "entities": (
        ["He said &quot;yes&quot; &amp; left &lt;b&gt;", "&amp;quot; stays and &apos; too"],
        ['He said "yes" & left <b>', "&quot; stays and ' too"],
    ),
    "numbers": (
        ["It costs 1,000.50 dollars, not 1.000,50.", "3.14 and .5 and 5. and 1-2 and a-1 and -3"],
        ["It costs 1,000.50 dollars , not 1.000,50 .", "3.14 and .5 and 5 . and 1 - 2 and a-1 and -3"],
    ),
    "runs of periods and commas": (
        ["Well... yes,, no.,. a.b.c 1..2 1.,2 ,,,", "U.S.A. e.g. this"],
        ["Well . . . yes , , no . , . a . b . c 1..2 1.,2 , , ,", "U.S.A . e.g . this"],
    ),
    "punctuation": (
        ["(a) [b] {c} d/e f\\g h|i j~k l`m n^o p_q r=s t+u v*w x@y #z $1 %2 !? ;: it's"],
        ["( a ) [ b ] { c } d / e f \\ g h | i j ~ k l ` m n ^ o p _ q r = s t + u v * w x @ y # z"],
    ),
    "typographic punctuation stays": (["“Ja”, sagte er … – gut"], ['"Ja", sagte er ... - gut']),
    "cjk": (
        ["今日は良い天気です。散歩に行きます。", "你好，世界。 今天 天气 很 好 。", "안녕하세요 세계."],
        ["今日は良い天気です。 散歩に行きます。", "你好，世界。 今天 天气 不 好 。", "안녕하세요 세계 ."],
    ),
    "white space of Unicode": (
        ["a\u00a0b\u3000c\u2003d\u2028e\u0085f\u001cg\th", "x\u200by \ufeffz\u180e."],
        ["a b c d e f g h", "x y z ."],
    ),
    "line breaks inside": (["one-\ntwo\nthree four\n", "five-\n"], ["onetwo three four", "five-"]),
    "skipped": (["one <skipped>two<skipped> three four", "<skipped>"], ["one two three four", "x"]),
    "combining marks and emoji": (["e\u0301te\u0301 👍🏽 ça va, été"], ["été 👍🏽 ça va , e\u0301te\u0301"]),
    "digits of other scripts": (["१,२ ३.४ ५-६ ½.½"], ["१ , २ ३ . ४ ५-६ ½ . ½"]),
}

WORDS = "the a man dog in red shirt runs with ball , . - 3.5 1,000 \"go\" it's 日本 été".split(" ")


def random_corpus(generator):
    references = [
        " ".join(generator.choices(WORDS, k=generator.randint(0, 14)))
        for _ in range(generator.randint(1, 6))
    ]
    hypotheses = []
    for reference in references:
        words = [w for w in reference.split(" ") if generator.random() < 0.9]
        if words and generator.random() < 0.5:
            words.insert(generator.randrange(len(words) + 1), generator.choice(WORDS))
        hypotheses.append(generator.choice(["", " "]).join([" ".join(words), generator.choice(["", "."])]))
    return hypotheses, references


def main():
    generator = random.Random(1)
    corpora = dict(CORPORA)
    for i in range(24):
        corpora[f"random {i}"] = random_corpus(generator)
    metric = BLEU()
    tokenize = Tokenizer13a()
    cases = []
    for name, (hypotheses, references) in corpora.items():
        score = metric.corpus_score(hypotheses, [references])
        cases.append(
            {
                "name": name,
                "hypotheses": hypotheses,
                "references": references,
                "tokens": [tokenize(line.rstrip()).split() for line in hypotheses],
                "score": score.score,
                "precisions": score.precisions,
                "brevity_penalty": score.bp,
                "matches": score.counts,
                "totals": score.totals,
                "hypothesis_length": score.sys_len,
                "reference_length": score.ref_len,
            }
        )
    head = {"sacrebleu": sacrebleu.__version__, "signature": str(metric.get_signature())}
    lines = ",\n".join(json.dumps(case) for case in cases)
    sys.stdout.write(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")


if __name__ == "__main__":
    main()
