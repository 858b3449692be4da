; binary32mN, the family: sections 2, 2.2 and 2.3 of docs/specification.md. N, the number of kept fraction
; bits from 1 to 23, is defined in front of this file, as in (define-fun N () Int 7).
(define-fun SIGN () Int 2147483648)       ; 80000000, the sign bit
(define-fun BIAS () Int 127)
(define-fun MIN () Int 8388608)           ; 2^23, the smallest normal number; a fraction is a field out of MIN
(define-fun ONE () Int 1065353216)        ; 3F800000
(define-fun UNIT () Int                   ; 2^(23 - N): results are rounded to it
  (ite (= N 1) 4194304 (ite (= N 2) 2097152 (ite (= N 3) 1048576 (ite (= N 4) 524288
  (ite (= N 5) 262144 (ite (= N 6) 131072 (ite (= N 7) 65536 (ite (= N 8) 32768 (ite (= N 9) 16384
  (ite (= N 10) 8192 (ite (= N 11) 4096 (ite (= N 12) 2048 (ite (= N 13) 1024 (ite (= N 14) 512
  (ite (= N 15) 256 (ite (= N 16) 128 (ite (= N 17) 64 (ite (= N 18) 32 (ite (= N 19) 16
  (ite (= N 20) 8 (ite (= N 21) 4 (ite (= N 22) 2 1)))))))))))))))))))))))
(define-fun INFINITY () Int 2139095040)   ; 7F800000
(define-fun MAX () Int (- INFINITY UNIT)) ; the largest finite number
(define-fun HAS_INFINITIES () Bool true)  ; above its magnitude there are only NaNs
(define-fun NAN () Int 2143289344)        ; 7FC00000, the canonical one
