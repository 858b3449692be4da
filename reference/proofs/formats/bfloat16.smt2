; bfloat16: sections 2 and 2.2 of docs/specification.md.
(define-fun SIGN () Int 32768)            ; 8000, the sign bit
(define-fun BIAS () Int 127)
(define-fun MIN () Int 128)               ; 2^7, the smallest normal number; a fraction is a field out of MIN
(define-fun ONE () Int 16256)             ; 3F80
(define-fun MAX () Int 32639)             ; 7F7F, the largest finite number
(define-fun HAS_INFINITIES () Bool true)  ; above its magnitude there are only NaNs
(define-fun INFINITY () Int 32640)        ; 7F80
(define-fun NAN () Int 32704)             ; 7FC0, the canonical one
(define-fun UNIT () Int 1)                ; 2^(S - N): results are rounded to it
