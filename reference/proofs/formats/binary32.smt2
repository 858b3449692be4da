; binary32: sections 2 and 2.2 of docs/specification.md.
(define-fun SIGN () Int 2147483648)       ; 80000000, the sign bit
(define-fun BIAS () Int 127)
(define-fun MIN () Int 8388608)           ; 2^23, the smallest normal number; a fraction is a field out of MIN
(define-fun ONE () Int 1065353216)        ; 3F800000
(define-fun MAX () Int 2139095039)        ; 7F7FFFFF, the largest finite number
(define-fun HAS_INFINITIES () Bool true)  ; above its magnitude there are only NaNs
(define-fun INFINITY () Int 2139095040)   ; 7F800000
(define-fun NAN () Int 2143289344)        ; 7FC00000, the canonical one
(define-fun UNIT () Int 1)                ; 2^(S - N): results are rounded to it
