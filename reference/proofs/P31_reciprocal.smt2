; property: P31
; operation: div
; statement: a / b = a . (1 / b)
; domain: normal operands, 1 / b and results in range, every policy
; mutant: a compensation of one unit takes part in the reciprocal
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun mul ((x Encoding) (y Encoding)) Encoding (pam gradual saturate 0 x y))
(define-fun quotient ((x Encoding) (y Encoding)) Encoding (pad gradual saturate 0 x y))
(assert (in_range (quotient_sum 0 a b)))
(assert (in_range (quotient_sum 0 one b)))

(echo "precondition")
(check-sat)

(push 1)
(assert (not (= (quotient a b) (mul a (quotient one b)))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty () Encoding (pad gradual saturate UNIT one b))
(assert (not (= (quotient a b) (mul a faulty))))
(echo "mutant")
(check-sat)
(pop 1)
