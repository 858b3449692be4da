; e4m3: sections 2 and 2.2 of docs/specification.md.
(define-fun SIGN () Int 128)              ; 80, the sign bit
(define-fun BIAS () Int 7)
(define-fun MIN () Int 8)                 ; 2^3, the smallest normal number; a fraction is a field out of MIN
(define-fun ONE () Int 56)                ; 38
(define-fun MAX () Int 126)               ; 7E, the largest finite number
(define-fun HAS_INFINITIES () Bool false) ; above MAX there are only NaNs
(define-fun INFINITY () Int 126)          ; none: MAX stands in, and HAS_INFINITIES guards it
(define-fun NAN () Int 127)               ; 7F, the canonical one
(define-fun UNIT () Int 1)                ; 2^(S - N): results are rounded to it
