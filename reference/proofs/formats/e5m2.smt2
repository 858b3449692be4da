; e5m2: sections 2 and 2.2 of docs/specification.md.
(define-fun SIGN () Int 128)              ; 80, the sign bit
(define-fun BIAS () Int 15)
(define-fun MIN () Int 4)                 ; 2^2, the smallest normal number; a fraction is a field out of MIN
(define-fun ONE () Int 60)                ; 3C
(define-fun MAX () Int 123)               ; 7B, the largest finite number
(define-fun HAS_INFINITIES () Bool true)  ; above its magnitude there are only NaNs
(define-fun INFINITY () Int 124)          ; 7C
(define-fun NAN () Int 126)               ; 7E, the canonical one
(define-fun UNIT () Int 1)                ; 2^(S - N): results are rounded to it
