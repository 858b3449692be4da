; property: P1
; operation: mul
; statement: the integer form of pam equals its definition over the real numbers, rounded once
; domain: normal operands, result in the normal range, every policy and compensation
; mutant: the exponent is one too high
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (is_compensation c))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun E_result () Int (product_E c a b))
(define-fun F_result () Real (product_F c a b))
; In range: between the smallest normal and the largest finite number after rounding.
(assert (and (<= (- 1 BIAS) E_result) (<= (real_magnitude E_result F_result) MAX)))
(define-fun result () Encoding (pam gradual saturate c a b))
(define-fun sign () Bool (xor (negative a) (negative b)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= result (encoding sign (real_magnitude E_result F_result)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun E_faulty () Int (+ E_result 1))
(assert (not (= result (encoding sign (real_magnitude E_faulty F_result)))))
(echo "mutant")
(check-sat)
(pop 1)
