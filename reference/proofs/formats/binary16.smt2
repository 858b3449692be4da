; binary16: sections 2 and 2.2 of docs/specification.md.
(define-fun SIGN () Int 32768)            ; 8000, the sign bit
(define-fun BIAS () Int 15)
(define-fun MIN () Int 1024)              ; 2^10, the smallest normal number; a fraction is a field out of MIN
(define-fun ONE () Int 15360)             ; 3C00
(define-fun MAX () Int 31743)             ; 7BFF, the largest finite number
(define-fun HAS_INFINITIES () Bool true)  ; above its magnitude there are only NaNs
(define-fun INFINITY () Int 31744)        ; 7C00
(define-fun NAN () Int 32256)             ; 7E00, the canonical one
(define-fun UNIT () Int 1)                ; 2^(S - N): results are rounded to it
