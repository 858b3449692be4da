; property: P6
; operation: mul
; statement: a . 1 = a and a . -1 = -a
; domain: a normal, zero or infinite, every policy
; mutant: a compensation of one unit takes part
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(assert (is_encoding a))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(assert (or (is_normal a) (= (mag a) 0) (is_infinite a)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (and (= (mul a one) a) (= (mul a (negated one)) (negated a)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty ((x Encoding) (y Encoding)) Encoding (pam gradual saturate UNIT x y))
(assert (not (and (= (faulty a one) a) (= (faulty a (negated one)) (negated a)))))
(echo "mutant")
(check-sat)
(pop 1)
